// How a machine is switched off, and where a press of its power button shows, in AML (ACPI 6.5).
//
// Two more forms for the reader of kernel/acpi/aml.hpp, with its limits. `Name (_S5_, Package ()
// {…})` gives the values that switch the machine off (7.4.2). And on a hardware-reduced machine a
// generic event device (5.6.9) interrupts; its method, or one that it calls, reads a register that
// says what happened, and is cleared by that, and notifies the power button's device:
//
//     OperationRegion (EREG, SystemMemory, 0xFEA00000, 4)
//     …
//     If (((Local0 & 2) == 2)) { Notify (PWRB, 0x80) }
//
// QEMU and Cloud Hypervisor write exactly this, each with its own names, address, width and mask.
// Other forms would take an interpreter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "kernel/acpi/aml.hpp"
#include "kernel/acpi/tables.hpp"

namespace mote::acpi {

// Encodings of terms (20.2.2 to 20.2.5).
namespace aml {
inline constexpr std::uint8_t kPackage = 0x12;
inline constexpr std::uint8_t kDualName = 0x2E;
inline constexpr std::uint8_t kMultiName = 0x2F;
inline constexpr std::uint8_t kRoot = '\\';
inline constexpr std::uint8_t kParent = '^';
inline constexpr std::uint8_t kAnd = 0x7B;
inline constexpr std::uint8_t kNotify = 0x86;
inline constexpr std::uint8_t kEqual = 0x93;
inline constexpr std::uint8_t kIf = 0xA0;
inline constexpr Signature kS5("_S5_");

// The power button's hardware identifier, as a string and packed (19.3.4).
inline constexpr std::string_view kPowerButton = "PNP0C0C";
inline constexpr std::uint32_t kPackedPowerButton = 0x0C0C'D041;
}  // namespace aml

// The values of SLP_TYP that switch the machine off, for PM1a and PM1b control. A sleep control
// register takes the first.
struct SleepTypes {
  std::uint8_t a = 0;
  std::uint8_t b = 0;
  friend constexpr bool operator==(const SleepTypes&, const SleepTypes&) = default;
};

// A register in which a bit is set when the power button has been pressed. Reading clears it.
struct PowerEvent {
  Register where;
  std::uint8_t bytes = 0;  // 1 or 4
  std::uint32_t mask = 0;
  friend constexpr bool operator==(const PowerEvent&, const PowerEvent&) = default;
};

// The last segment of the name at `at`; moves `at` past the name (20.2.2).
[[nodiscard]] inline std::uint32_t take_name(Bytes code, std::size_t& at) {
  while (field<std::uint8_t>(code, at) == aml::kRoot ||
         field<std::uint8_t>(code, at) == aml::kParent) {
    ++at;
  }
  std::size_t segments = 1;
  if (field<std::uint8_t>(code, at) == aml::kDualName) {
    segments = 2;
    at += 1;
  } else if (field<std::uint8_t>(code, at) == aml::kMultiName) {
    segments = field<std::uint8_t>(code, at + 1);
    at += 2;
  }
  at += sizeof(std::uint32_t) * segments;
  return segments == 0 ? 0 : field<std::uint32_t>(code, at - sizeof(std::uint32_t));
}

// The values in the package at `at`, if it is one of integers. Cloud Hypervisor's has only one
// element; ACPI 1.0 allowed to put both values into it, a byte each.
[[nodiscard]] inline std::optional<SleepTypes> sleep_types_at(Bytes code, std::size_t at) {
  constexpr std::uint64_t kMask = 7;  // SLP_TYP has three bits (4.8.3.2.1)
  const auto package =
      field<std::uint8_t>(code, at) == aml::kPackage ? package_at(code, at + 1) : std::nullopt;
  if (!package) {
    return std::nullopt;
  }
  const Bytes inside = code.first(package->end);
  std::size_t element = package->begin;
  const auto count = field<std::uint8_t>(inside, element++);
  if (count == 0 || element >= inside.size()) {
    return std::nullopt;
  }
  const auto a = take_integer(inside, element);
  if (!a) {
    return std::nullopt;
  }
  const std::uint64_t b =
      count == 1 || element >= inside.size() ? *a >> 8 : take_integer(inside, element).value_or(0);
  return SleepTypes{static_cast<std::uint8_t>(*a & kMask), static_cast<std::uint8_t>(b & kMask)};
}

[[nodiscard]] inline std::optional<SleepTypes> power_off_types_of(Bytes table) {
  for (std::size_t at = kHeaderBytes; at < table.size(); ++at) {
    if (table[at] != std::byte{aml::kName}) {
      continue;
    }
    std::size_t value = at + 1;
    if (take_name(table, value) == aml::kS5.value) {
      if (const auto types = sleep_types_at(table, value)) {
        return types;
      }
    }
  }
  return std::nullopt;
}

// The last segment of the name of the power button's device; 0: it isn't in this table.
[[nodiscard]] inline std::uint32_t power_button_name(Bytes table) {
  std::size_t from = kHeaderBytes;
  for (Bytes body = next_device(table, from); !body.empty(); body = next_device(table, from)) {
    for (std::size_t at = 0; next_term(body, at, aml::kName); ++at) {
      std::size_t value = at + aml::kNameBytes;
      if (field<std::uint32_t>(body, at + 1) == aml::kHid.value &&
          (is_string_at(body, value, aml::kPowerButton) ||
           take_integer(body, value) == aml::kPackedPowerButton)) {
        std::size_t name = 0;
        return take_name(body, name);
      }
    }
  }
  return 0;
}

// The constant with which the condition of the `If` at `at` compares, if `Notify` of this device is
// what follows. The condition compares a local, or `And` of a local and a constant.
[[nodiscard]] inline std::optional<std::uint64_t> notifying_value(Bytes body, std::size_t at,
                                                                  std::uint32_t device) {
  const auto package = package_at(body, at + 1);
  if (!package) {
    return std::nullopt;
  }
  const Bytes inside = body.first(package->end);
  at = package->begin;
  if (field<std::uint8_t>(inside, at++) != aml::kEqual) {
    return std::nullopt;
  }
  if (field<std::uint8_t>(inside, at++) == aml::kAnd) {
    ++at;  // the local
    if (!take_integer(inside, at)) {
      return std::nullopt;
    }
    ++at;  // the target
  }
  const auto value = take_integer(inside, at);
  const bool notifies =
      value && field<std::uint8_t>(inside, at++) == aml::kNotify && take_name(inside, at) == device;
  return notifies ? value : std::nullopt;
}

// The operation region at `at`, if there is one, with the width of its registers in bytes; no mask.
[[nodiscard]] inline std::optional<PowerEvent> region_at(Bytes body, std::size_t at) {
  if (field<std::uint16_t>(body, at) != aml::kRegion) {
    return std::nullopt;
  }
  at += sizeof(aml::kRegion);
  static_cast<void>(take_name(body, at));
  const auto space = field<std::uint8_t>(body, at++);
  const auto address = take_integer(body, at);
  const auto bytes = take_integer(body, at);
  const bool is_io = space == kSpaceIo;
  const std::uint64_t most = is_io ? 0x10000 : std::uint64_t{1} << 47;
  if ((!is_io && space != kSpaceMemory) || !address || *address == 0 || !bytes ||
      (*bytes != 1 && *bytes != 4) || *address > most - *bytes || *address % *bytes != 0) {
    return std::nullopt;
  }
  return PowerEvent{{is_io, *address}, static_cast<std::uint8_t>(*bytes), 0};
}

// The event of the device with this body, if it notifies the power button.
[[nodiscard]] inline std::optional<PowerEvent> event_in(Bytes body, std::uint32_t button) {
  std::optional<PowerEvent> region;
  for (std::size_t at = 0; !region && next_term(body, at, aml::kRegion & 0xFF); ++at) {
    region = region_at(body, at);
  }
  std::optional<std::uint64_t> mask;
  for (std::size_t at = 0; !mask && next_term(body, at, aml::kIf); ++at) {
    mask = notifying_value(body, at, button);
  }
  if (!region || !mask || *mask == 0 || *mask >> (8 * region->bytes) != 0) {
    return std::nullopt;
  }
  region->mask = static_cast<std::uint32_t>(*mask);
  return region;
}

[[nodiscard]] inline std::optional<PowerEvent> power_event_of(Bytes table) {
  const std::uint32_t button = power_button_name(table);
  std::optional<PowerEvent> event;
  std::size_t at = button == 0 ? table.size() : kHeaderBytes;
  for (Bytes body = next_device(table, at); !body.empty() && !event;
       body = next_device(table, at)) {
    event = event_in(body, button);
  }
  return event;
}

}  // namespace mote::acpi
