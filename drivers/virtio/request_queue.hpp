// A queue for one request at a time, sent and waited for by polling: for devices used at boot only.
//
// Touches no register but the doorbell, through a pointer, so that the layers above are compiled
// once, not once for each transport.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "drivers/virtio/ring.hpp"
#include "drivers/virtio/text.hpp"
#include "kernel/time/clock.hpp"

namespace mote::virtio {

class RequestQueue {
 public:
  using Bell = void (*)(void* transport, std::uint16_t queue);

  // The longest chain: what the device reads, its answer, data, and a status.
  static constexpr std::uint16_t kMostPieces = 4;

  // How long a request may take, unless less time is left for all devices
  // (kernel/time/allowance.hpp). A device that takes longer is not used again.
  static constexpr Nanoseconds kPatience = milliseconds(2'000);

  // Of that, the time from one look for a lost doorbell to the next.
  static constexpr Nanoseconds kLook = milliseconds(100);

  // First of all, for a device that errors call `model`.
  void begin(std::string_view model) {
    *this = {};
    model_ = model;
  }

  // From now on `request` may be called, if `ring` has been given to the device. Takes memory for
  // what the requests consist of. False: there is none left.
  [[nodiscard]] bool start(std::uint16_t number, Bell bell, void* transport,
                           std::size_t memory_bytes);

  // Sends a request of at most kMostPieces, none of them empty, and waits for the answer. Returns
  // how many bytes the device says that it wrote, at most those it was given: a number not to rely
  // on (2.7.8.2). Nothing: `error` says why, and no other request will do better; the device may
  // still write to this one's memory.
  [[nodiscard]] std::optional<std::uint32_t> request(std::span<const Piece> reads,
                                                     std::span<const Piece> writes);

  // Notes an error, and returns false. The queue stays as usable as it was.
  bool fail(std::string_view words, std::uint64_t first = 0, std::uint64_t second = 0,
            std::uint64_t third = 0);
  [[nodiscard]] Failure failure() { return {error_, model_}; }

  [[nodiscard]] bool is_usable() const { return usable_; }
  [[nodiscard]] std::string_view error() const { return error_.view(); }
  [[nodiscard]] std::string_view model() const { return model_; }
  [[nodiscard]] std::span<std::byte> memory() const { return memory_; }
  [[nodiscard]] SplitRing& ring() { return ring_; }

 private:
  [[nodiscard]] bool await();
  std::nullopt_t give_up(std::string_view why);

  SplitRing ring_;
  std::string_view model_;
  Bell bell_ = nullptr;
  void* transport_ = nullptr;
  std::span<std::byte> memory_;
  std::uint16_t number_ = 0;
  bool usable_ = false;
  Text error_;
};

}  // namespace mote::virtio
