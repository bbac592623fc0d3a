// ACPI tables: their layouts (ACPI 6.5, chapter 5), and how to find one from the root pointer.
//
// Tables come from firmware and may be wrong: one is used only if its length is sane and its bytes
// sum to zero. Memory is reached through a `Reader`, so that tests can supply their own:
// `reader(address, bytes)` gives a view of memory, empty where there is none.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "kernel/cpu/addresses.hpp"
#include "kernel/memory/memory.hpp"

namespace mote::acpi {

using Bytes = std::span<const std::byte>;

template <typename R>
concept Reader = requires(R reader, PhysicalAddress address, std::size_t bytes) {
  { reader(address, bytes) } -> std::convertible_to<Bytes>;
};

// Four letters, in memory order.
struct Signature {
  std::uint32_t value;
  consteval explicit Signature(const char (&text)[5]) : value(0) {
    for (unsigned i = 0; i < 4; ++i) {
      value |= std::uint32_t{static_cast<unsigned char>(text[i])} << (8 * i);
    }
  }
};

// The little-endian number at `offset`; zero where the table ends before it. Older revisions of a
// table are shorter, and zero means "not given" in every field read here.
template <std::unsigned_integral T>
[[nodiscard]] inline T field(Bytes table, std::size_t offset) {
  if (offset > table.size() || table.size() - offset < sizeof(T)) {
    return 0;
  }
  return memory::load<T>(table.data() + offset);
}

[[nodiscard]] inline bool sums_to_zero(Bytes bytes) {
  unsigned sum = 0;
  for (const std::byte byte : bytes) {
    sum += std::to_integer<unsigned>(byte);
  }
  return (sum & 0xFF) == 0;
}

// Root System Description Pointer (5.2.5.3).
inline constexpr std::uint64_t kRsdpSignature = 0x2052'5450'2044'5352;  // "RSD PTR "
inline constexpr std::size_t kRsdpFirstBytes = 20;
inline constexpr std::size_t kRsdpBytes = 36;
inline constexpr std::size_t kRsdpAlignment = 16;
inline constexpr std::size_t kRsdpRevision = 15;
inline constexpr std::size_t kRsdpRsdt = 16;
inline constexpr std::size_t kRsdpXsdt = 24;

// The header of every other table (5.2.6).
inline constexpr std::size_t kHeaderBytes = 36;
inline constexpr std::size_t kHeaderLength = 4;

// More than any real table has; a longer one is taken to be damaged.
inline constexpr std::size_t kMaxTableBytes = 1 << 20;
inline constexpr std::size_t kMaxTables = 128;

// Secondary System Description Tables (5.2.11.2): they continue the DSDT, to which the FADT points.
inline constexpr Signature kSsdt("SSDT");

// Fixed ACPI Description Table (5.2.9).
inline constexpr Signature kFadt("FACP");
inline constexpr std::size_t kFadtDsdt = 40;             // 32-bit address
inline constexpr std::size_t kFadtPmTimer = 76;          // 32-bit port
inline constexpr std::size_t kFadtPmTimerBytes = 91;     // 4, or 0 if there is none
inline constexpr std::size_t kFadtCentury = 108;         // CMOS register, or 0
inline constexpr std::size_t kFadtPcArchitecture = 109;  // 16 bits
inline constexpr std::size_t kFadtFlags = 112;
inline constexpr std::size_t kFadtResetRegister = 116;  // generic address
inline constexpr std::size_t kFadtResetValue = 128;
inline constexpr std::size_t kFadtXDsdt = 140;     // 64-bit address
inline constexpr std::size_t kFadtXPmTimer = 208;  // generic address
inline constexpr std::uint32_t kFadtResetSupported = 1 << 10;
inline constexpr std::uint32_t kFadtHardwareReduced = 1 << 20;
inline constexpr std::uint16_t kFadtNoCmosClock = 1 << 5;  // 5.2.9.3

// PCI Express memory-mapped configuration (PCI Firmware 3.0, 4.1.2): after the header and eight
// reserved bytes, entries of 16.
inline constexpr Signature kMcfg("MCFG");
inline constexpr std::size_t kMcfgEntries = 44;
inline constexpr std::size_t kMcfgEntryBytes = 16;

// Multiple APIC Description Table (5.2.12): after the header and eight bytes, entries that begin
// with type and length.
inline constexpr Signature kMadt("APIC");
inline constexpr std::size_t kMadtEntries = 44;
inline constexpr std::uint8_t kMadtIoApic = 1;          // 5.2.12.3
inline constexpr std::size_t kMadtIoApicAddress = 4;    // 32 bits
inline constexpr std::size_t kMadtIoApicInterrupt = 8;  // number of its first interrupt
inline constexpr std::size_t kMadtIoApicBytes = 12;

// Generic address (5.2.3.2): space, width, offset, access size, address.
inline constexpr std::size_t kGenericAddress = 4;
inline constexpr std::uint8_t kSpaceMemory = 0;
inline constexpr std::uint8_t kSpaceIo = 1;

// A register in memory or at a port.
struct Register {
  bool is_io = false;
  std::uint64_t address = 0;
  friend constexpr bool operator==(const Register&, const Register&) = default;
};

// The FADT's facts about the CMOS clock.
struct CmosClock {
  bool absent = false;
  std::uint8_t century = 0;  // its register; 0: not given
};

struct ResetRegister {
  Register where;
  std::uint8_t value = 0;
};

// The memory window of a PCI segment group's configuration space: 1 MiB for each bus.
struct Ecam {
  std::uint64_t base = 0;  // of bus 0, even where the first bus is another
  std::uint16_t segment = 0;
  std::uint8_t first_bus = 0;
  std::uint8_t last_bus = 0;
};

// The length of the root pointer that `candidate` begins with, or 0 if it is none.
[[nodiscard]] inline std::size_t rsdp_bytes(Bytes candidate) {
  if (candidate.size() < kRsdpFirstBytes || field<std::uint64_t>(candidate, 0) != kRsdpSignature ||
      !sums_to_zero(candidate.first(kRsdpFirstBytes))) {
    return 0;
  }
  const bool extended = field<std::uint8_t>(candidate, kRsdpRevision) >= 2;
  const bool whole =
      extended && candidate.size() >= kRsdpBytes && sums_to_zero(candidate.first(kRsdpBytes));
  return whole ? kRsdpBytes : kRsdpFirstBytes;
}

// The root pointer's address within [start, start + bytes). Both are multiples of 16, and all of
// the range is memory.
template <Reader R>
[[nodiscard]] std::optional<PhysicalAddress> search_rsdp(R reader, PhysicalAddress start,
                                                         std::size_t bytes) {
  const Bytes area = reader(start, bytes);
  for (std::size_t offset = 0; offset + kRsdpBytes <= area.size(); offset += kRsdpAlignment) {
    if (field<std::uint64_t>(area, offset) == kRsdpSignature &&
        rsdp_bytes(area.subspan(offset, kRsdpBytes)) != 0) {
      return start + offset;
    }
  }
  return std::nullopt;
}

// The whole table at `address`; empty if it isn't sound.
template <Reader R>
[[nodiscard]] Bytes read_table(R reader, PhysicalAddress address) {
  const Bytes header = reader(address, kHeaderBytes);
  const std::size_t bytes = field<std::uint32_t>(header, kHeaderLength);
  if (header.size() < kHeaderBytes || bytes < kHeaderBytes || bytes > kMaxTableBytes) {
    return {};
  }
  const Bytes table = reader(address, bytes);
  return table.size() == bytes && sums_to_zero(table) ? table : Bytes{};
}

// A sound table with this signature, found through the XSDT or, failing that, the RSDT: the first,
// or the one after `skip` others.
template <Reader R>
[[nodiscard]] Bytes find_table(R reader, PhysicalAddress rsdp, Signature signature,
                               std::size_t skip = 0) {
  const Bytes pointer = reader(rsdp, kRsdpBytes);
  const std::size_t pointer_bytes = rsdp_bytes(pointer);
  if (pointer_bytes == 0) {
    return {};
  }
  std::size_t entry_bytes = 8;
  Bytes root;
  if (pointer_bytes == kRsdpBytes && field<std::uint64_t>(pointer, kRsdpXsdt) != 0) {
    root = read_table(reader, {field<std::uint64_t>(pointer, kRsdpXsdt)});
  }
  if (root.empty()) {
    entry_bytes = 4;
    root = read_table(reader, {field<std::uint32_t>(pointer, kRsdpRsdt)});
  }
  std::size_t offset = kHeaderBytes;
  for (std::size_t i = 0; i < kMaxTables && offset + entry_bytes <= root.size(); ++i) {
    const std::uint64_t address =
        entry_bytes == 8 ? field<std::uint64_t>(root, offset) : field<std::uint32_t>(root, offset);
    offset += entry_bytes;
    if (field<std::uint32_t>(reader({address}, kHeaderBytes), 0) != signature.value) {
      continue;
    }
    if (const Bytes table = read_table(reader, {address}); !table.empty() && skip-- == 0) {
      return table;
    }
  }
  return {};
}

[[nodiscard]] inline std::optional<Register> generic_address(Bytes table, std::size_t offset) {
  const auto space = field<std::uint8_t>(table, offset);
  const auto address = field<std::uint64_t>(table, offset + kGenericAddress);
  if (address == 0 || (space != kSpaceIo && space != kSpaceMemory) ||
      (space == kSpaceIo && address > 0xFFFF)) {
    return std::nullopt;
  }
  return Register{space == kSpaceIo, address};
}

// The timer's port. Ignores a timer in memory, which no PC has: it might not be mapped, and the
// clock has other sources.
[[nodiscard]] inline std::optional<IoPort> pm_timer_of(Bytes fadt) {
  if ((field<std::uint32_t>(fadt, kFadtFlags) & kFadtHardwareReduced) != 0) {
    return std::nullopt;
  }
  if (const auto extended = generic_address(fadt, kFadtXPmTimer); extended && extended->is_io) {
    return IoPort{static_cast<std::uint16_t>(extended->address)};
  }
  const auto port = field<std::uint32_t>(fadt, kFadtPmTimer);
  if (port == 0 || port > 0xFFFF || field<std::uint8_t>(fadt, kFadtPmTimerBytes) != 4) {
    return std::nullopt;
  }
  return IoPort{static_cast<std::uint16_t>(port)};
}

[[nodiscard]] inline CmosClock cmos_clock_of(Bytes fadt) {
  return {.absent = (field<std::uint16_t>(fadt, kFadtPcArchitecture) & kFadtNoCmosClock) != 0,
          .century = field<std::uint8_t>(fadt, kFadtCentury)};
}

[[nodiscard]] inline std::optional<ResetRegister> reset_register_of(Bytes fadt) {
  const auto where = generic_address(fadt, kFadtResetRegister);
  if (!where || (field<std::uint32_t>(fadt, kFadtFlags) & kFadtResetSupported) == 0) {
    return std::nullopt;
  }
  return ResetRegister{*where, field<std::uint8_t>(fadt, kFadtResetValue)};
}

// An I/O APIC, and the number of its first interrupt.
struct IoApicPlace {
  std::uint32_t address = 0;
  std::uint32_t first_interrupt = 0;
};

// The one with the highest first interrupt not above `interrupt`.
[[nodiscard]] inline std::optional<IoApicPlace> io_apic_of(Bytes madt, std::uint32_t interrupt) {
  std::optional<IoApicPlace> best;
  std::size_t at = kMadtEntries;
  while (at + 2 <= madt.size()) {
    const auto bytes = field<std::uint8_t>(madt, at + 1);
    if (bytes < 2 || bytes > madt.size() - at) {
      break;
    }
    const IoApicPlace place{
        .address = field<std::uint32_t>(madt, at + kMadtIoApicAddress),
        .first_interrupt = field<std::uint32_t>(madt, at + kMadtIoApicInterrupt)};
    if (field<std::uint8_t>(madt, at) == kMadtIoApic && bytes >= kMadtIoApicBytes &&
        place.first_interrupt <= interrupt &&
        (!best || place.first_interrupt >= best->first_interrupt)) {
      best = place;
    }
    at += bytes;
  }
  return best;
}

// The window of PCI segment group 0, if there is one that makes sense.
[[nodiscard]] inline std::optional<Ecam> ecam_of(Bytes mcfg) {
  for (std::size_t at = kMcfgEntries; at + kMcfgEntryBytes <= mcfg.size(); at += kMcfgEntryBytes) {
    const Ecam ecam{.base = field<std::uint64_t>(mcfg, at),
                    .segment = field<std::uint16_t>(mcfg, at + 8),
                    .first_bus = field<std::uint8_t>(mcfg, at + 10),
                    .last_bus = field<std::uint8_t>(mcfg, at + 11)};
    if (ecam.segment == 0 && ecam.base != 0 && ecam.first_bus <= ecam.last_bus) {
      return ecam;
    }
  }
  return std::nullopt;
}

[[nodiscard]] inline PhysicalAddress dsdt_of(Bytes fadt) {
  const auto extended = field<std::uint64_t>(fadt, kFadtXDsdt);
  return {extended != 0 ? extended : field<std::uint32_t>(fadt, kFadtDsdt)};
}

// The window of a machine without MCFG whose host bridge gives it by a `_CBA` method (PCI Firmware
// 3.0, 4.1.3), as QEMU's microvm does. Running AML takes an interpreter; but that method is always
// `Return (constant)`, so we look for its few bytes instead (ACPI 6.5, 20.2).
[[nodiscard]] inline std::optional<Ecam> ecam_by_cba(Bytes dsdt) {
  constexpr Signature kCba("_CBA");
  constexpr std::size_t kFlags = 4;  // after the name; then the return
  constexpr std::size_t kReturn = kFlags + 1;
  constexpr std::size_t kConstant = kReturn + 1;
  constexpr std::uint8_t kReturnOp = 0xA4;
  constexpr std::uint8_t kDwordPrefix = 0x0C;
  constexpr std::uint8_t kQwordPrefix = 0x0E;
  constexpr std::uint64_t kBusBytes = 1 << 20;
  for (std::size_t at = kHeaderBytes; at + kConstant < dsdt.size(); ++at) {
    if (field<std::uint32_t>(dsdt, at) != kCba.value ||
        field<std::uint8_t>(dsdt, at + kReturn) != kReturnOp) {
      continue;
    }
    const auto prefix = field<std::uint8_t>(dsdt, at + kConstant);
    std::uint64_t base = 0;
    if (prefix == kDwordPrefix) {
      base = field<std::uint32_t>(dsdt, at + kConstant + 1);
    } else if (prefix == kQwordPrefix) {
      base = field<std::uint64_t>(dsdt, at + kConstant + 1);
    }
    if (base != 0 && base % kBusBytes == 0) {
      return Ecam{.base = base, .segment = 0, .first_bus = 0, .last_bus = 255};
    }
  }
  return std::nullopt;
}

}  // namespace mote::acpi
