// The virtio entropy device (virtio 1.2, 5.4): one draught at boot, for
// kernel/platform/entropy.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "drivers/virtio/request_device.hpp"

namespace mote::virtio {

// 5.4: its device identifier. Its only queue is number 0.
inline constexpr std::uint16_t kEntropyDevice = 4;

// Asks for random bytes and stirs them into the generator. False: the queue's `error` says why.
[[nodiscard]] bool stir_from(RequestQueue& queue);

template <Transport T>
class EntropySource {
 public:
  using Location = typename T::Location;

  // Twice the generator's key.
  static constexpr std::size_t kBytes = 32;

  [[nodiscard]] static bool drives(const Location& location) {
    return T::is_device(location, kEntropyDevice);
  }

  // Stirs the generator, once. False: `error` says why. Call `shut_down` next, in either case.
  [[nodiscard]] bool draw(const Location& location) {
    return device_.bring_up(location, {.model = "virtio-rng", .memory_bytes = kBytes}) &&
           stir_from(device_.queue());
  }
  [[nodiscard]] std::string_view error() const { return device_.queue().error(); }

  // As of drivers/block_device.hpp's controllers.
  [[nodiscard]] bool shut_down() { return device_.shut_down(); }

 private:
  RequestDevice<T> device_;
};

using AnyEntropySource = EntropySource<AnyTransport>;

}  // namespace mote::virtio
