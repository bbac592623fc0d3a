// Configuration mechanism #1 (PCI 3.0, 3.2.2.3.2) and the enhanced one (PCI Express 3.0, 7.2.2).
#include "kernel/pci/access.hpp"

#include <optional>

#include "kernel/acpi/acpi.hpp"
#include "kernel/cpu/addresses.hpp"
#include "kernel/cpu/mmio.hpp"
#include "kernel/cpu/port_io.hpp"
#include "kernel/memory/paging.hpp"
#include "kernel/pci/scan.hpp"

namespace mote::pci {
namespace {

constexpr IoPort kConfigAddress{0xCF8};
constexpr IoPort kConfigData{0xCFC};
constexpr std::uint32_t kEnable = 1U << 31;
constexpr std::uint16_t kPortSpaceBytes = 256;
constexpr std::uint16_t kEcamSpaceBytes = 4096;
constexpr std::uint64_t kEcamBytesPerBus = 1 << 20;

// Selects the register's doubleword and returns the register's port within it.
IoPort select(Address address, std::uint16_t offset) {
  port::out32(kConfigAddress, kEnable | std::uint32_t{address.bus} << 16 |
                                  std::uint32_t{address.device} << 11 |
                                  std::uint32_t{address.function} << 8 | (offset & 0xFCU));
  return kConfigData + (offset & 3);
}

std::optional<PhysicalAddress> place(const acpi::Ecam& ecam, Address address,
                                     std::uint16_t offset) {
  if (address.bus < ecam.first_bus || address.bus > ecam.last_bus || offset >= kEcamSpaceBytes) {
    return std::nullopt;
  }
  return PhysicalAddress{ecam.base + (std::uint64_t{address.bus} << 20 |
                                      std::uint64_t{address.device} << 15 |
                                      std::uint64_t{address.function} << 12 | offset)};
}

// The value read where nothing answers.
constexpr std::uint32_t kNothing = ~std::uint32_t{0};

// Some hypervisors without PCI keep a port's last value, so a register that reads back is no proof.
// Where there is PCI, a bridge of some kind sits on bus 0.
bool has_a_bridge(const MachineSpace& space) {
  constexpr std::uint8_t kDevices = 32;
  constexpr std::uint32_t kBridgeClass = 0x06;
  for (std::uint8_t device = 0; device < kDevices; ++device) {
    if (class_and_subclass(space, {0, device, 0}) >> 8 == kBridgeClass) {
      return true;
    }
  }
  return false;
}

bool ports_answer() {
  port::out32(kConfigAddress, kEnable);
  return port::in32(kConfigAddress) == kEnable;
}

bool map(const acpi::Ecam& ecam) {
  const std::uint64_t buses = std::uint64_t{ecam.last_bus} - ecam.first_bus + 1;
  return paging::map_device({ecam.base + ecam.first_bus * kEcamBytesPerBus},
                            buses * kEcamBytesPerBus);
}

}  // namespace

void MachineSpace::initialize() {
  way_ = Way::kPorts;
  if (ports_answer() && has_a_bridge(*this)) {
    return;
  }
  way_ = Way::kNone;
  if (const std::optional<acpi::Ecam> ecam = acpi::ecam(); ecam && map(*ecam)) {
    ecam_ = *ecam;
    way_ = Way::kEcam;
  }
}

std::uint32_t MachineSpace::read32(Address address, std::uint16_t offset) const {
  if (way_ == Way::kPorts && offset < kPortSpaceBytes) {
    return port::in32(select(address, offset));
  }
  const auto at = way_ == Way::kEcam ? place(ecam_, address, offset) : std::nullopt;
  return at ? mmio::read32(*at) : kNothing;
}

void MachineSpace::write8(Address address, std::uint16_t offset, std::uint8_t value) const {
  if (way_ == Way::kPorts && offset < kPortSpaceBytes) {
    port::out8(select(address, offset), value);
  } else if (const auto at = place(ecam_, address, offset); way_ == Way::kEcam && at) {
    mmio::write8(*at, value);
  }
}

void MachineSpace::write16(Address address, std::uint16_t offset, std::uint16_t value) const {
  if (way_ == Way::kPorts && offset < kPortSpaceBytes) {
    port::out16(select(address, offset), value);
  } else if (const auto at = place(ecam_, address, offset); way_ == Way::kEcam && at) {
    mmio::write16(*at, value);
  }
}

void MachineSpace::write32(Address address, std::uint16_t offset, std::uint32_t value) const {
  if (way_ == Way::kPorts && offset < kPortSpaceBytes) {
    port::out32(select(address, offset), value);
  } else if (const auto at = place(ecam_, address, offset); way_ == Way::kEcam && at) {
    mmio::write32(*at, value);
  }
}

}  // namespace mote::pci
