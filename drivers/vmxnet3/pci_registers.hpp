// vmxnet3's registers on PCI: two windows of memory.
#pragma once

#include <cstdint>
#include <string_view>

#include "drivers/vmxnet3/registers.hpp"
#include "kernel/cpu/addresses.hpp"
#include "kernel/cpu/mmio.hpp"
#include "kernel/pci/pci.hpp"

namespace mote::vmxnet3 {

class PciRegisters {
 public:
  using Location = pci::Function;

  // Whether a PCI function is a vmxnet3 device.
  [[nodiscard]] static bool is_device(const pci::Function& function) {
    constexpr std::uint16_t kVmware = 0x15AD;
    constexpr std::uint16_t kVmxnet3 = 0x07B0;
    return function.vendor == kVmware && function.device_id == kVmxnet3;
  }

  // See the concept `Registers`.
  [[nodiscard]] std::string_view open(const pci::Function& function);
  [[nodiscard]] std::uint32_t read_device(std::uint32_t offset) const {
    return mmio::read32(device_ + offset);
  }
  void write_device(std::uint32_t offset, std::uint32_t value) const {
    mmio::write32(device_ + offset, value);
  }
  void write_fast(std::uint32_t offset, std::uint32_t value) const {
    mmio::write32(fast_ + offset, value);
  }
  [[nodiscard]] bool can_interrupt() const { return can_interrupt_; }

 private:
  PhysicalAddress fast_;
  PhysicalAddress device_;
  bool can_interrupt_ = false;
};
static_assert(Registers<PciRegisters>);

}  // namespace mote::vmxnet3
