// A controller's registers, in the memory of its first base address (4.1).
#pragma once

#include <cstdint>
#include <string_view>

#include "drivers/e1000/registers.hpp"
#include "kernel/cpu/mmio.hpp"
#include "kernel/pci/pci.hpp"

namespace mote::e1000 {

class PciRegisters {
 public:
  using Location = pci::Function;

  // See the concept `RegisterFile`.
  [[nodiscard]] static std::uint16_t identifier(const pci::Function& function);
  [[nodiscard]] std::string_view open(const pci::Function& function);
  [[nodiscard]] std::uint32_t read(Register at) const { return mmio::read32(address(at)); }
  void write(Register at, std::uint32_t value) const { mmio::write32(address(at), value); }
  [[nodiscard]] bool can_interrupt() const { return can_interrupt_; }

 private:
  [[nodiscard]] PhysicalAddress address(Register at) const {
    return {window_ + static_cast<std::uint32_t>(at)};
  }

  std::uint64_t window_ = 0;
  bool can_interrupt_ = false;
};
static_assert(RegisterFile<PciRegisters>);

}  // namespace mote::e1000
