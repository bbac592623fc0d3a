// Finds and maps vmxnet3's two register windows on PCI.
#include "drivers/vmxnet3/pci_registers.hpp"

#include "kernel/interrupts/interrupts.hpp"
#include "kernel/memory/paging.hpp"
#include "kernel/pci/interrupts.hpp"

namespace mote::vmxnet3 {
namespace {

// Maps the window of a base address; zero if it can't be reached.
PhysicalAddress map(const pci::Bar& bar) {
  if (!bar || bar.is_io || bar.bytes < kWindowBytes ||
      !paging::map_device({bar.address}, kWindowBytes)) {
    return {};
  }
  return {bar.address};
}

}  // namespace

std::string_view PciRegisters::open(const pci::Function& function) {
  fast_ = map(function.bar(0));
  device_ = map(function.bar(1));
  if (fast_ == PhysicalAddress{} || device_ == PhysicalAddress{}) {
    return "vmxnet3: the device's registers can't be reached";
  }
  function.enable_bus_master();
  if (const auto message = interrupts::message()) {
    can_interrupt_ = pci::use_msi_x(function, *message) || pci::use_msi(function, *message);
  }
  return {};
}

}  // namespace mote::vmxnet3
