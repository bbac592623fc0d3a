// When a receive ring is refilled: not for each buffer that it lacks.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace mote {

// A refill costs a fence, and often a doorbell, which is an exit. So a ring may lack some of its
// buffers until a refill is worth that. The moment comes, for a device's buffers shrink only by
// frames that are polled, and each poll is followed by a look at the batch.
class RefillBatch {
 public:
  constexpr RefillBatch() = default;

  // For a ring that lends up to `buffers`, and refills when 1/`parts` of them are missing. A device
  // that fills several buffers with one frame may need `needed` of them at a time: it always keeps
  // that many, if the ring has more.
  constexpr RefillBatch(std::size_t buffers, std::size_t parts, std::size_t needed = 1)
      : buffers_(static_cast<std::uint32_t>(buffers)),
        batch_(static_cast<std::uint32_t>(
            buffers - buffers / parts < needed ? 1 : std::max<std::size_t>(buffers / parts, 1))) {}

  // The most that the ring lends.
  [[nodiscard]] constexpr std::uint32_t buffers() const { return buffers_; }

  // Whether a ring with `lent` buffers lacks enough to be refilled. After a refill: whether the
  // pool had too few.
  [[nodiscard]] constexpr bool is_due(std::size_t lent) const { return lent + batch_ <= buffers_; }

 private:
  std::uint32_t buffers_ = 0;
  std::uint32_t batch_ = 1;
};

}  // namespace mote
