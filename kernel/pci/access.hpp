// The machine's PCI configuration space, reached through ports or memory.
#pragma once

#include <cstdint>

#include "kernel/acpi/tables.hpp"
#include "kernel/pci/config.hpp"

namespace mote::pci {

class MachineSpace {
 public:
  enum class Way : std::uint8_t { kNone, kPorts, kEcam };

  // Uses the ports if they work, else the memory window, if there is one.
  void initialize();

  [[nodiscard]] Way way() const { return way_; }

  // Reading has no side effects (PCI 3.0, 6.1), so all reads are of doublewords.
  [[nodiscard]] std::uint32_t read32(Address address, std::uint16_t offset) const;
  [[nodiscard]] std::uint16_t read16(Address address, std::uint16_t offset) const {
    return static_cast<std::uint16_t>(doubleword_of(address, offset) >> 8 * (offset & 2));
  }
  [[nodiscard]] std::uint8_t read8(Address address, std::uint16_t offset) const {
    return static_cast<std::uint8_t>(doubleword_of(address, offset) >> 8 * (offset & 3));
  }

  // Writing has: next to the command are status bits that writing a one clears.
  void write8(Address address, std::uint16_t offset, std::uint8_t value) const;
  void write16(Address address, std::uint16_t offset, std::uint16_t value) const;
  void write32(Address address, std::uint16_t offset, std::uint32_t value) const;

 private:
  [[nodiscard]] std::uint32_t doubleword_of(Address address, std::uint16_t offset) const {
    return read32(address, static_cast<std::uint16_t>(offset & ~3));
  }

  Way way_ = Way::kNone;
  acpi::Ecam ecam_{};
};
static_assert(ConfigSpace<MachineSpace>);

}  // namespace mote::pci
