// Complaints about NICs that don't work, remembered so that each is printed once.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kernel/limits.hpp"
#include "kernel/memory/mmio_window.hpp"
#include "kernel/pci/pci.hpp"

namespace mote::nics {

class Complaints {
 public:
  [[nodiscard]] bool is_new(const pci::Function& function, std::string_view words) {
    std::uint32_t hash = 2'166'136'261;  // FNV-1a
    const auto mix = [&](std::uint8_t byte) { hash = (hash ^ byte) * 16'777'619; };
    mix(function.address.bus);
    mix(static_cast<std::uint8_t>(function.address.device << 3 | function.address.function));
    mix(static_cast<std::uint8_t>(function.device_id));
    mix(static_cast<std::uint8_t>(function.device_id >> 8));
    for (const char c : words) {
      mix(static_cast<std::uint8_t>(c));
    }
    if (std::ranges::find(made_, hash) != made_.end()) {
      return false;
    }
    made_[next_++ % made_.size()] = hash;
    return true;
  }
  [[nodiscard]] bool is_new(const MmioWindow&, std::string_view) { return true; }  // tried once

 private:
  std::array<std::uint32_t, limits::kPciFunctions> made_{};
  std::size_t next_ = 0;
};

}  // namespace mote::nics
