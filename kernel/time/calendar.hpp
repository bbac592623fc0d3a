// The Gregorian calendar: converts days and seconds since 1970 to dates, and back.
#pragma once

#include <array>
#include <cstdint>

namespace mote::calendar {

struct Date {
  std::uint32_t year = 1970;
  std::uint32_t month = 1;  // 1 to 12
  std::uint32_t day = 1;    // 1 to 31
  friend constexpr bool operator==(const Date&, const Date&) = default;
};

struct TimeOfDay {
  std::uint32_t hour = 0;
  std::uint32_t minute = 0;
  std::uint32_t second = 0;
  friend constexpr bool operator==(const TimeOfDay&, const TimeOfDay&) = default;
};

inline constexpr std::uint64_t kDaySeconds = 86'400;

[[nodiscard]] constexpr bool is_leap(std::uint32_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

// Days in a month, 1 to 12.
[[nodiscard]] constexpr std::uint32_t days_in(std::uint32_t year, std::uint32_t month) {
  constexpr std::array<std::uint8_t, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return kDays[month - 1] + (month == 2 && is_leap(year) ? 1U : 0U);
}

// The arithmetic below begins years in March, so that the leap day comes last. The days before
// month m of such a year, counted from zero, are (153 m + 2) / 5.
inline constexpr std::uint32_t kDaysBefore1970 = 719'468;  // from 1 March of year 0
inline constexpr std::uint32_t kCycleDays = 146'097;       // of 400 years

// Days from 1970-01-01 to a date, which must exist and not be earlier.
[[nodiscard]] constexpr std::uint32_t days_since_1970(const Date& date) {
  const bool early = date.month <= 2;
  const std::uint32_t year = date.year - (early ? 1 : 0);
  const std::uint32_t month = early ? date.month + 9 : date.month - 3;
  return year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + date.day - 1 -
         kDaysBefore1970;
}

[[nodiscard]] constexpr Date date_of(std::uint32_t days_since_1970) {
  const std::uint32_t days = days_since_1970 + kDaysBefore1970;
  const std::uint32_t day_of_cycle = days % kCycleDays;
  // The divisions take out the leap days: the last day of each 4 years except a century's last, and
  // the last of the cycle. All years then have 365 days.
  const std::uint32_t year_of_cycle =
      (day_of_cycle - day_of_cycle / 1'460 + day_of_cycle / 36'524 - day_of_cycle / 146'096) / 365;
  const std::uint32_t day_of_year =
      day_of_cycle - (year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100);
  const std::uint32_t month = (5 * day_of_year + 2) / 153;
  const bool early = month >= 10;
  return {.year = days / kCycleDays * 400 + year_of_cycle + (early ? 1 : 0),
          .month = early ? month - 9 : month + 3,
          .day = day_of_year - (153 * month + 2) / 5 + 1};
}

[[nodiscard]] constexpr std::uint64_t seconds_since_1970(const Date& date, const TimeOfDay& time) {
  return days_since_1970(date) * kDaySeconds + time.hour * 3600 + time.minute * 60 + time.second;
}

[[nodiscard]] constexpr TimeOfDay time_of_day(std::uint64_t seconds_since_1970) {
  const auto second = static_cast<std::uint32_t>(seconds_since_1970 % kDaySeconds);
  return {.hour = second / 3600, .minute = second / 60 % 60, .second = second % 60};
}

}  // namespace mote::calendar
