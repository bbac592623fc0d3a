// An I/O APIC (Intel 82093AA data sheet, 290566): unmasking one of its inputs.
#pragma once

#include <cstdint>

#include "kernel/acpi/tables.hpp"
#include "kernel/cpu/mmio.hpp"
#include "kernel/interrupts/vectors.hpp"
#include "kernel/memory/paging.hpp"

namespace mote::io_apic {

// Delivers each rising edge of interrupt `interrupt` to the local APIC `identifier`. Edges suffice
// even for a wire that stays high until its device has been told: it rises anew after that. False:
// there is no I/O APIC, or it has no such input.
[[nodiscard]] inline bool open(const acpi::IoApicPlace& place, std::uint32_t interrupt,
                               std::uint32_t identifier) {
  // 3.1: an index register, and a window onto the register it selects (3.2).
  constexpr std::uint32_t kIndex = 0x00;
  constexpr std::uint32_t kWindow = 0x10;
  constexpr std::uint32_t kBytes = 0x20;
  constexpr std::uint32_t kVersion = 0x01;  // 3.2.2: the last entry's number in bits 23:16
  constexpr std::uint32_t kEntries = 0x10;  // 3.2.4: two registers each
  constexpr unsigned kDestinationShift = 24;
  constexpr std::uint32_t kAbsent = 0xFFFF'FFFF;

  const PhysicalAddress base{place.address};
  if (interrupt < place.first_interrupt || !paging::map_device(base, kBytes)) {
    return false;
  }
  const auto select = [&](std::uint32_t index) { mmio::write32(base + kIndex, index); };
  select(kVersion);
  const std::uint32_t version = mmio::read32(base + kWindow);
  const std::uint32_t input = interrupt - place.first_interrupt;
  if (version == kAbsent || input > (version >> 16 & 0xFF)) {
    return false;
  }
  select(kEntries + 2 * input + 1);
  mmio::write32(base + kWindow, identifier << kDestinationShift);
  select(kEntries + 2 * input);
  mmio::write32(base + kWindow, vector::kDevice);  // fixed, physical, active high, edge, unmasked
  return true;
}

}  // namespace mote::io_apic
