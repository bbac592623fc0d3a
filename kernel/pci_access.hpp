// The machine's PCI configuration space, reached by ports or by memory.
#pragma once

#include <cstdint>

#include "kernel/acpi_tables.hpp"
#include "kernel/pci_config.hpp"

namespace mote::pci {

class MachineSpace {
 public:
  enum class Way : std::uint8_t { kNone, kPorts, kEcam };

  // Takes the ports if they are there, else the memory window, if there is one.
  void initialize();

  [[nodiscard]] Way way() const { return way_; }

  [[nodiscard]] std::uint8_t read8(Address address, std::uint16_t offset);
  [[nodiscard]] std::uint16_t read16(Address address, std::uint16_t offset);
  [[nodiscard]] std::uint32_t read32(Address address, std::uint16_t offset);
  void write8(Address address, std::uint16_t offset, std::uint8_t value);
  void write16(Address address, std::uint16_t offset, std::uint16_t value);
  void write32(Address address, std::uint16_t offset, std::uint32_t value);

 private:
  Way way_ = Way::kNone;
  acpi::Ecam ecam_{};
};
static_assert(ConfigSpace<MachineSpace>);

}  // namespace mote::pci
