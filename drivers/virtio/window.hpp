// A range of device registers in I/O ports or in memory, since a BAR may be either.
#pragma once

#include <cstdint>

#include "kernel/cpu/addresses.hpp"
#include "kernel/cpu/mmio.hpp"
#include "kernel/cpu/port_io.hpp"

namespace mote::virtio {

// Offsets are in bytes from the window's start and aligned to the access; the caller keeps them
// within `bytes`.
struct Window {
  std::uint64_t address = 0;
  std::uint32_t bytes = 0;  // 0: there is no such window
  bool is_io = false;

  explicit operator bool() const { return bytes != 0; }

  [[nodiscard]] std::uint8_t read8(std::uint32_t offset) const {
    return is_io ? port::in8(port_at(offset)) : mmio::read8(memory_at(offset));
  }
  [[nodiscard]] std::uint16_t read16(std::uint32_t offset) const {
    return is_io ? port::in16(port_at(offset)) : mmio::read16(memory_at(offset));
  }
  [[nodiscard]] std::uint32_t read32(std::uint32_t offset) const {
    return is_io ? port::in32(port_at(offset)) : mmio::read32(memory_at(offset));
  }
  void write8(std::uint32_t offset, std::uint8_t value) const {
    is_io ? port::out8(port_at(offset), value) : mmio::write8(memory_at(offset), value);
  }
  void write16(std::uint32_t offset, std::uint16_t value) const {
    is_io ? port::out16(port_at(offset), value) : mmio::write16(memory_at(offset), value);
  }
  void write32(std::uint32_t offset, std::uint32_t value) const {
    is_io ? port::out32(port_at(offset), value) : mmio::write32(memory_at(offset), value);
  }

 private:
  [[nodiscard]] IoPort port_at(std::uint32_t offset) const {
    return {static_cast<std::uint16_t>(address + offset)};
  }
  [[nodiscard]] PhysicalAddress memory_at(std::uint32_t offset) const { return {address + offset}; }
};

}  // namespace mote::virtio
