// The CMOS calendar clock (Motorola MC146818A data sheet), as PCs have had it since 1984.
//
// Registers are reached through a `read(index)`, so that tests can supply their own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "kernel/time/calendar.hpp"
#include "kernel/time/patience.hpp"

namespace mote::cmos {

// Registers. The data sheet has none for the century: ACPI's FADT may name one (ACPI 6.5, 5.2.9).
// Where it names none, kUsualCentury holds the century on most PCs, or something else.
inline constexpr std::array<std::uint8_t, 6> kSecondToYear = {0, 2, 4, 7, 8, 9};
inline constexpr std::uint8_t kStatusA = 10;
inline constexpr std::uint8_t kStatusB = 11;
inline constexpr std::uint8_t kStatusD = 13;
inline constexpr std::uint8_t kUsualCentury = 0x32;
inline constexpr std::uint8_t kRegisters = 128;

inline constexpr std::uint8_t kUpdateInProgress = 0x80;  // status A
inline constexpr std::uint8_t kBinary = 0x04;            // status B: numbers are binary, not BCD
inline constexpr std::uint8_t kTwentyFourHours = 0x02;   // status B
inline constexpr std::uint8_t kValidRamAndTime = 0x80;   // status D: power was never lost
inline constexpr std::uint8_t kAfternoon = 0x80;         // in the hour, in 12-hour mode

// A clock that shows an earlier year was never set.
inline constexpr std::uint32_t kFirstYear = 2020;

// One reading, in the registers' own encoding.
struct Reading {
  std::array<std::uint8_t, kSecondToYear.size()> second_to_year{};
  std::uint8_t century = 0;
  std::uint8_t status_b = 0;
  friend constexpr bool operator==(const Reading&, const Reading&) = default;
};

// Decodes a number in BCD or binary; nothing if it is not valid BCD.
[[nodiscard]] constexpr std::optional<std::uint32_t> number(std::uint8_t value, bool is_binary) {
  if (is_binary) {
    return value;
  }
  const std::uint32_t tens = value >> 4;
  const std::uint32_t ones = value & 0x0F;
  return tens <= 9 && ones <= 9 ? std::optional(tens * 10 + ones) : std::nullopt;
}

[[nodiscard]] constexpr std::optional<std::uint32_t> hour_of(std::uint8_t value,
                                                             std::uint8_t status_b) {
  const bool is_binary = (status_b & kBinary) != 0;
  if ((status_b & kTwentyFourHours) != 0) {
    const auto hour = number(value, is_binary);
    return hour && *hour < 24 ? hour : std::nullopt;
  }
  const auto hour = number(value & ~kAfternoon & 0xFF, is_binary);
  if (!hour || *hour < 1 || *hour > 12) {
    return std::nullopt;
  }
  return *hour % 12 + ((value & kAfternoon) != 0 ? 12 : 0);
}

// Seconds since 1970, taking a reading for UTC; nothing if no clock that was ever set can show it.
[[nodiscard]] constexpr std::optional<std::uint64_t> decode(const Reading& reading) {
  const bool is_binary = (reading.status_b & kBinary) != 0;
  const auto& raw = reading.second_to_year;
  const auto second = number(raw[0], is_binary);
  const auto minute = number(raw[1], is_binary);
  const auto hour = hour_of(raw[2], reading.status_b);
  const auto day = number(raw[3], is_binary);
  const auto month = number(raw[4], is_binary);
  const auto year = number(raw[5], is_binary);
  if (!second || !minute || !hour || !day || !month || !year || *second > 59 || *minute > 59 ||
      *year > 99 || *month < 1 || *month > 12) {
    return std::nullopt;
  }
  // Any value except 19 and 21 means this century: the register may hold something else altogether.
  const auto century = number(reading.century, is_binary);
  if (century == 19) {
    return std::nullopt;
  }
  const bool is_next = century == 21;
  const calendar::Date date{.year = (is_next ? 2100 : 2000) + *year, .month = *month, .day = *day};
  if (date.year < kFirstYear || date.day < 1 ||
      date.day > calendar::days_in(date.year, date.month)) {
    return std::nullopt;
  }
  return calendar::seconds_since_1970(date, {.hour = *hour, .minute = *minute, .second = *second});
}

// Reads all registers, even during an update. `century` is the index of the century's register.
template <typename Read>
[[nodiscard]] Reading take_reading(Read&& read, std::uint8_t century) {
  Reading reading;
  for (std::size_t i = 0; i < kSecondToYear.size(); ++i) {
    reading.second_to_year[i] = read(kSecondToYear[i]);
  }
  reading.century = read(century);
  reading.status_b = read(kStatusB);
  return reading;
}

// The century's register, given what the FADT says.
[[nodiscard]] constexpr std::uint8_t century_register(std::uint8_t told) {
  return told > kStatusD && told < kRegisters ? told : kUsualCentury;
}

// The time, if no update is in progress and two readings agree. Waits for nothing.
template <typename Read>
[[nodiscard]] std::optional<std::uint64_t> try_read(Read&& read, std::uint8_t century) {
  if ((read(kStatusA) & kUpdateInProgress) != 0) {
    return std::nullopt;
  }
  const Reading first = take_reading(read, century);
  return first == take_reading(read, century) ? decode(first) : std::nullopt;
}

// Encodes a number as the clock does.
[[nodiscard]] constexpr std::uint8_t written(std::uint32_t number, bool is_binary) {
  return static_cast<std::uint8_t>(is_binary ? number : number / 10 << 4 | number % 10);
}

// Whether the clock shows the minute and second of `time`, in four port accesses. During an update
// it may show anything.
template <typename Read>
[[nodiscard]] bool shows(Read&& read, std::uint64_t time, bool is_binary) {
  const calendar::TimeOfDay wanted = calendar::time_of_day(time);
  return read(kSecondToYear[0]) == written(wanted.second, is_binary) &&
         read(kSecondToYear[1]) == written(wanted.minute, is_binary);
}

// The time, or nothing if there is no valid clock. An update takes at most 2 ms; a clock that is
// always being updated counts as none.
template <typename Read, typename Counter = TimeStamps>
[[nodiscard]] std::optional<std::uint64_t> read_time(Read&& read, std::uint8_t century,
                                                     Counter counter = {}) {
  constexpr unsigned kTries = 3;
  constexpr Nanoseconds kLongestUpdate = milliseconds(4);
  constexpr std::uint8_t kNothingThere = 0xFF;
  if (read(kStatusA) == kNothingThere || (read(kStatusD) & kValidRamAndTime) == 0) {
    return std::nullopt;
  }
  for (unsigned i = 0; i < kTries; ++i) {
    Patience patience(kLongestUpdate, counter);
    while ((read(kStatusA) & kUpdateInProgress) != 0 && !patience.is_over()) {
    }
    if (const auto time = try_read(read, century)) {
      return time;
    }
  }
  return std::nullopt;
}

}  // namespace mote::cmos
