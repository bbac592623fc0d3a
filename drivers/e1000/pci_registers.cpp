// Finds and maps a controller's registers.
#include "drivers/e1000/pci_registers.hpp"

#include "drivers/e1000/model.hpp"
#include "kernel/interrupts/interrupts.hpp"
#include "kernel/memory/paging.hpp"
#include "kernel/pci/interrupts.hpp"

namespace mote::e1000 {

std::uint16_t PciRegisters::identifier(const pci::Function& function) {
  return function.vendor == kVendor ? function.device_id : std::uint16_t{0};
}

std::string_view PciRegisters::open(const pci::Function& function) {
  *this = {};
  const pci::Bar bar = function.bar(0);
  if (!bar || bar.is_io || bar.bytes < kWindowBytes) {
    return "e1000: the device's registers have no place in memory";
  }
  if (!paging::map_device({bar.address}, kWindowBytes)) {
    return "e1000: the device's registers can't be mapped";
  }
  window_ = bar.address;
  function.enable_bus_master();
  // MSI suffices for the 82574, too; its predecessors have no MSI-X.
  if (const auto message = interrupts::message()) {
    can_interrupt_ = pci::use_msi(function, *message) || pci::use_pin(function);
  }
  return {};
}

}  // namespace mote::e1000
