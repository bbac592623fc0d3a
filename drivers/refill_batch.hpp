// When a receive ring is refilled: not for each buffer that it lacks.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace mote {

// A refill costs a fence, and often a doorbell, which is an exit. So a ring may lack a part of its
// buffers until there are enough to be worth it. What a device has left only shrinks by frames that
// come to be polled, so that the time comes.
class RefillBatch {
 public:
  constexpr RefillBatch() = default;

  // Of a ring with `buffers` to lend, refilled `parts` times while it is used up once. A device
  // that fills several buffers with one frame may need `needed` of them at a time: it keeps that
  // many, if the ring has more.
  constexpr RefillBatch(std::size_t buffers, std::size_t parts, std::size_t needed = 1)
      : buffers_(static_cast<std::uint32_t>(buffers)),
        batch_(static_cast<std::uint32_t>(
            buffers - buffers / parts < needed ? 1 : std::max<std::size_t>(buffers / parts, 1))) {}

  // Those that are lent when all are.
  [[nodiscard]] constexpr std::uint32_t buffers() const { return buffers_; }

  // Whether a ring with `lent` buffers lacks enough to be refilled. Behind a refill that was due:
  // whether the pool had too few.
  [[nodiscard]] constexpr bool is_due(std::size_t lent) const { return lent + batch_ <= buffers_; }

 private:
  std::uint32_t buffers_ = 0;
  std::uint32_t batch_ = 1;
};

}  // namespace mote
