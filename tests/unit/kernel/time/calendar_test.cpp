// Tests of the calendar, against the C library's.
#include "kernel/time/calendar.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <ctime>

namespace mote {
namespace {

using calendar::Date;

TEST_CASE("the calendar agrees with the C library on every day from 1970 to 2199") {
  for (std::uint32_t day = 0; day < 84'006; ++day) {
    const std::time_t seconds = static_cast<std::time_t>(day) * 86'400;
    std::tm wanted{};
    REQUIRE(gmtime_r(&seconds, &wanted) != nullptr);
    const Date date = calendar::date_of(day);
    REQUIRE(date.year == static_cast<std::uint32_t>(wanted.tm_year) + 1900);
    REQUIRE(date.month == static_cast<std::uint32_t>(wanted.tm_mon) + 1);
    REQUIRE(date.day == static_cast<std::uint32_t>(wanted.tm_mday));
    REQUIRE(calendar::days_since_1970(date) == day);
    REQUIRE(date.day <= calendar::days_in(date.year, date.month));
  }
  CHECK(calendar::date_of(84'006) == Date{2200, 1, 1});
  CHECK(calendar::days_in(2100, 2) == 28);
  CHECK(calendar::days_in(2000, 2) == 29);
  CHECK(calendar::days_in(2024, 12) == 31);
  CHECK(calendar::time_of_day(86'399) == calendar::TimeOfDay{23, 59, 59});
  CHECK(calendar::seconds_since_1970({2024, 2, 29}, {12, 34, 56}) == 1'709'210'096);
}

}  // namespace
}  // namespace mote
