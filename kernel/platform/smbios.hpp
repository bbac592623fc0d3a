// OEM strings of SMBIOS (DSP0134 3.6): what the host's user wants to tell the machine, as QEMU's
// `-smbios type=11` does.
//
// The tables come from firmware, or the host's user, and may be wrong: no length in them is
// trusted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "kernel/cpu/addresses.hpp"

namespace mote::smbios {

using Bytes = std::span<const std::byte>;

// Where the structures lie, by an entry point (5.2).
struct Table {
  std::uint64_t address = 0;
  std::uint32_t bytes = 0;       // at most; the table may end before
  std::uint32_t structures = 0;  // at most, likewise
};

// The entry point in `area`, which begins at a multiple of 16: the 64-bit one if there is one,
// because its table has all that the other's has.
[[nodiscard]] std::optional<Table> find_table(Bytes area);

// The OEM strings (7.12) in a table, one after the other.
class OemStrings {
 public:
  constexpr OemStrings() = default;
  OemStrings(Bytes table, std::uint32_t structures) : rest_(table), structures_(structures) {}

  // Nothing: there are no more, or the table is broken there.
  [[nodiscard]] std::optional<std::string_view> next();

 private:
  [[nodiscard]] bool enter();

  Bytes rest_;  // the structures ahead, or what is left of the strings of the one entered
  std::uint32_t structures_ = 0;
  bool is_inside_ = false;  // a structure's strings
  bool is_oem_ = false;     // and that has OEM strings
};

// Those of the machine, whose entry point the loader may have told.
[[nodiscard]] OemStrings oem_strings(PhysicalAddress told);

}  // namespace mote::smbios
