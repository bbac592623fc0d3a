// The FADT's fields for switching the machine off, and for its power button (ACPI 6.5, 5.2.9 and
// 4.8).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "kernel/acpi/tables.hpp"
#include "kernel/cpu/addresses.hpp"

namespace mote::acpi {

inline constexpr std::size_t kFadtSmiCommand = 48;  // 32-bit port, or 0
inline constexpr std::size_t kFadtAcpiEnable = 52;
inline constexpr std::size_t kFadtPm1Event = 56;    // a, then b: 32-bit ports
inline constexpr std::size_t kFadtPm1Control = 64;  // likewise
inline constexpr std::size_t kFadtPm1EventBytes = 88;
inline constexpr std::size_t kFadtPm1ControlBytes = 89;
inline constexpr std::size_t kFadtXPm1Event = 148;    // a, then b: generic addresses
inline constexpr std::size_t kFadtXPm1Control = 172;  // likewise
inline constexpr std::size_t kFadtSleepControl = 244;
inline constexpr std::uint32_t kFadtPowerButton = 1 << 4;  // set: no button of fixed hardware

inline constexpr std::size_t kGenericAddressBytes = 12;
inline constexpr std::size_t kPm1Blocks = 2;  // a and b

// The PM1 registers of 16 bits (4.8.3.1 and 4.8.3.2), at ports, as on every PC. Block a exists on
// every machine with fixed hardware; a bit may be in block a or b. Port 0 means that there is none.
struct FixedHardware {
  std::array<IoPort, kPm1Blocks> statuses{};
  std::array<IoPort, kPm1Blocks> enables{};
  std::array<IoPort, kPm1Blocks> controls{};
  IoPort smi_command{};          // none: the machine is always in ACPI mode
  std::uint8_t acpi_enable = 0;  // what to write to it
  bool has_power_button = false;
};

[[nodiscard]] constexpr bool exists(IoPort port) { return port.value != 0; }

[[nodiscard]] inline bool is_hardware_reduced(Bytes fadt) {
  return (field<std::uint32_t>(fadt, kFadtFlags) & kFadtHardwareReduced) != 0;
}

// The port of a block of `bytes`, given in the old form at `old_at`, and in the extended one, which
// wins, at `extended_at`.
[[nodiscard]] inline IoPort block_of(Bytes fadt, std::size_t old_at, std::size_t extended_at,
                                     std::size_t bytes) {
  const auto extended = generic_address(fadt, extended_at);
  const std::uint64_t port =
      extended && extended->is_io ? extended->address : field<std::uint32_t>(fadt, old_at);
  return {static_cast<std::uint16_t>(port <= 0x10000 - bytes ? port : 0)};
}

// A hardware-reduced machine has none of it.
[[nodiscard]] inline FixedHardware fixed_hardware_of(Bytes fadt) {
  if (fadt.empty() || is_hardware_reduced(fadt)) {
    return {};
  }
  FixedHardware found;
  found.has_power_button = (field<std::uint32_t>(fadt, kFadtFlags) & kFadtPowerButton) == 0;
  const auto event_bytes = field<std::uint8_t>(fadt, kFadtPm1EventBytes);
  const auto control_bytes = field<std::uint8_t>(fadt, kFadtPm1ControlBytes);
  for (std::size_t block = 0; block < kPm1Blocks; ++block) {
    const std::size_t old = block * sizeof(std::uint32_t);
    const std::size_t extended = block * kGenericAddressBytes;
    const IoPort event =
        block_of(fadt, kFadtPm1Event + old, kFadtXPm1Event + extended, event_bytes);
    if (exists(event) && event_bytes >= 4) {  // two registers, each half of the block
      found.statuses[block] = event;
      found.enables[block] = event + event_bytes / 2;
    }
    if (control_bytes >= 2) {
      found.controls[block] =
          block_of(fadt, kFadtPm1Control + old, kFadtXPm1Control + extended, control_bytes);
    }
  }
  const auto command = field<std::uint32_t>(fadt, kFadtSmiCommand);
  found.acpi_enable = field<std::uint8_t>(fadt, kFadtAcpiEnable);
  if (command <= 0xFFFF && found.acpi_enable != 0) {
    found.smi_command = {static_cast<std::uint16_t>(command)};
  }
  return found;
}

// The sleep control register of a hardware-reduced machine (4.8.3.7), 8 bits.
[[nodiscard]] inline std::optional<Register> sleep_control_of(Bytes fadt) {
  return is_hardware_reduced(fadt) ? generic_address(fadt, kFadtSleepControl) : std::nullopt;
}

}  // namespace mote::acpi
