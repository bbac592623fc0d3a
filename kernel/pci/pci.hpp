// The machine's PCI functions: found once, then asked for their registers, BARs and capabilities.
#pragma once

#include <cstdint>
#include <span>

#include "kernel/limits.hpp"
#include "kernel/memory/memory_map.hpp"
#include "kernel/pci/config.hpp"

namespace mote::pci {

// One function. Values are as the scan found them; accesses go to the machine.
class Function {
 public:
  Address address;
  std::uint16_t vendor = 0;
  std::uint16_t device_id = 0;
  std::uint16_t subsystem_vendor = 0;  // 0 for bridges
  std::uint16_t subsystem_id = 0;
  std::uint8_t class_code = 0;
  std::uint8_t subclass = 0;
  std::uint8_t interface = 0;
  std::uint8_t revision = 0;
  std::uint8_t header_type = 0;

  static constexpr std::uint8_t kClassNetwork = 0x02;

  // Configuration registers; `offset` in bytes, aligned to the access.
  [[nodiscard]] std::uint8_t read8(std::uint16_t offset) const;
  [[nodiscard]] std::uint16_t read16(std::uint16_t offset) const;
  [[nodiscard]] std::uint32_t read32(std::uint16_t offset) const;
  void write16(std::uint16_t offset, std::uint16_t value) const;
  void write32(std::uint16_t offset, std::uint32_t value) const;

  // Base address `index` (0 to 5), sized. Memory that firmware left without a place gets one, if
  // there is room on bus 0, or in what the bridge to the function's bus passes on. False in a
  // condition if there is none, or none with a place. Not for a device in use: it is deaf while it
  // is sized.
  [[nodiscard]] Bar bar(unsigned index) const;

  [[nodiscard]] CapabilityList capabilities() const;

  // Lets the function answer at its base addresses and read and write memory, and the bridges
  // above it pass that on; its interrupt pin stays quiet.
  void enable_bus_master() const;

  // Ends the function's reading and writing of memory.
  void disable_bus_master() const;
};

// Finds every function of segment 0, behind bridges too, by the ports CF8h and CFCh or, where
// there are none (QEMU's microvm), by the memory window that ACPI's MCFG tells of. Bridges keep
// the bus numbers that firmware gave them. Call once, after `acpi::initialize`.
void scan(MemoryMap memory);

// Finds them again, those that were plugged in meanwhile too. Not while one is in use: to find
// room for a newcomer, base addresses of all are sized.
void rescan();

// What the scan found, in the order of bus, device, function below each bridge; at most
// limits::kPciFunctions.
[[nodiscard]] std::span<const Function> functions();

// Prints as 00:03.0.
void print_to(Address address);

}  // namespace mote::pci
