// The machine's PCI functions, found by a scan, with their registers, BARs and capabilities.
#pragma once

#include <cstdint>
#include <span>

#include "kernel/limits.hpp"
#include "kernel/memory/memory_map.hpp"
#include "kernel/pci/config.hpp"

namespace mote::pci {

// One function. Its values are as the scan found them; its calls access the machine.
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
  void write8(std::uint16_t offset, std::uint8_t value) const;
  void write16(std::uint16_t offset, std::uint16_t value) const;
  void write32(std::uint16_t offset, std::uint32_t value) const;

  // Base address `index` (0 to 5), sized. Memory to which firmware assigned no place gets one, if
  // there is room on bus 0 or in what the bridge to the function's bus passes on. The result
  // converts to false if there is no such register or no place for it. Not for a device in use,
  // which doesn't answer while it is being sized.
  [[nodiscard]] Bar bar(unsigned index) const;

  [[nodiscard]] CapabilityList capabilities() const;

  // Lets the function answer at its base addresses and access memory, and the bridges above it pass
  // that on. Its interrupt pin stays quiet.
  void enable_bus_master() const;

  // Stops the function from accessing memory.
  void disable_bus_master() const;
};

// Finds every function of segment 0, behind bridges too, through ports CF8h and CFCh or, where
// there are none (QEMU's microvm), the memory window that ACPI's tables give. Bridges keep the bus
// numbers that firmware gave them. Call once, after `acpi::initialize`.
void scan(MemoryMap memory);

// Scans again, and so finds functions plugged in meanwhile.
void rescan();

// The functions found, ordered by bus, device and function below each bridge, and then those added;
// at most limits::kPciFunctions.
[[nodiscard]] std::span<const Function> functions();

// Adds the functions of a device that has been plugged in (`device.function` doesn't matter), and
// returns those that were not known. Their base addresses get places when they are asked for.
std::span<const Function> add(Address device);

// Removes those of a device that was unplugged; what it had of the address space is free again.
void remove(Address device);

// Prints as 00:03.0.
void print_to(Address address);

}  // namespace mote::pci
