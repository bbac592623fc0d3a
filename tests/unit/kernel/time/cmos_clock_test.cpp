// Tests of the CMOS clock: its registers in every format, and readings that are no time.
#include "kernel/time/cmos_clock.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace mote {
namespace {

// A time that advances by a microsecond with each read of it; by less in a fast machine.
struct Looks {
  std::uint64_t* nanoseconds;
  std::uint64_t step = 1'000;
  [[nodiscard]] std::uint64_t now() const { return *nanoseconds += step; }
  [[nodiscard]] static std::uint64_t in(Nanoseconds time) { return time.value; }
};

// The clock's registers, and how often each was read.
struct Cmos {
  std::array<std::uint8_t, cmos::kRegisters> registers{};
  std::map<unsigned, unsigned> reads;
  std::function<void(Cmos&, unsigned index)> before_read;

  Cmos() {
    set({0x56, 0x34, 0x12, 0x29, 0x02, 0x24});  // 2024-02-29 12:34:56 in BCD
    registers[cmos::kStatusA] = 0x26;
    registers[cmos::kStatusB] = cmos::kTwentyFourHours;
    registers[cmos::kStatusD] = cmos::kValidRamAndTime;
    registers[cmos::kUsualCentury] = 0x20;
  }
  void set(const std::array<std::uint8_t, 6>& second_to_year) {
    for (std::size_t i = 0; i < 6; ++i) {
      registers[cmos::kSecondToYear[i]] = second_to_year[i];
    }
  }
  std::uint8_t operator()(std::uint8_t index) {
    ++reads[index];
    if (before_read) {
      before_read(*this, index);
    }
    return registers.at(index);
  }
  [[nodiscard]] std::optional<std::uint64_t> time(std::uint64_t step = 1'000) {
    return cmos::read_time(*this, cmos::kUsualCentury, Looks{&nanoseconds, step});
  }
  std::uint64_t nanoseconds = 0;
};

constexpr std::uint64_t kLeapDay = 1'709'210'096;  // 2024-02-29 12:34:56

TEST_CASE("the clock is read in BCD and in binary") {
  Cmos clock;
  CHECK(clock.time() == kLeapDay);
  clock.registers[cmos::kStatusB] |= cmos::kBinary;
  clock.registers[cmos::kUsualCentury] = 20;
  clock.set({56, 34, 12, 29, 2, 24});
  CHECK(clock.time() == kLeapDay);
  clock.set({56, 34, 12, 29, 2, 100});
  CHECK_FALSE(clock.time().has_value());
}

TEST_CASE("twelve hours: midnight and noon are twelve") {
  const auto hour = [](std::uint8_t value, std::uint8_t status_b) {
    return cmos::hour_of(value, status_b);
  };
  CHECK(hour(0x12, 0) == 0);
  CHECK(hour(0x01, 0) == 1);
  CHECK(hour(0x11, 0) == 11);
  CHECK(hour(0x92, 0) == 12);
  CHECK(hour(0x81, 0) == 13);
  CHECK(hour(0x91, 0) == 23);
  CHECK(hour(0x8B, cmos::kBinary) == 23);
  CHECK(hour(12, cmos::kBinary) == 0);
  CHECK(hour(0x8C, cmos::kBinary) == 12);
  CHECK_FALSE(hour(0x00, 0).has_value());
  CHECK_FALSE(hour(0x13, 0).has_value());
  CHECK_FALSE(hour(0x80, 0).has_value());
  CHECK(hour(0x23, cmos::kTwentyFourHours) == 23);
  CHECK_FALSE(hour(0x24, cmos::kTwentyFourHours).has_value());
  CHECK_FALSE(hour(0x92, cmos::kTwentyFourHours).has_value());
}

TEST_CASE("the century counts if it is the last or the next; anything else means this one") {
  Cmos clock;
  for (const auto& [century, year] : std::map<std::uint8_t, std::uint32_t>{
           {0x20, 2024}, {0x00, 2024}, {0x32, 2024}, {0xFF, 2024}, {0x21, 2124}}) {
    clock.registers[cmos::kUsualCentury] = century;
    const auto time = clock.time();
    REQUIRE(time.has_value());
    CHECK(calendar::date_of(static_cast<std::uint32_t>(*time / 86'400)).year == year);
  }
  clock.registers[cmos::kUsualCentury] = 0x19;  // 1924, or a clock that was never set
  CHECK_FALSE(clock.time().has_value());
  clock.registers[0x48] = 0x21;
  std::uint64_t nanoseconds = 0;
  CHECK(cmos::read_time(clock, cmos::century_register(0x48), Looks{&nanoseconds}) > kLeapDay);
  CHECK(cmos::century_register(0) == cmos::kUsualCentury);
  CHECK(cmos::century_register(9) == cmos::kUsualCentury);
  CHECK(cmos::century_register(0x80) == cmos::kUsualCentury);
}

TEST_CASE("readings that no clock shows once it was set are no time") {
  for (const std::array<std::uint8_t, 6>& raw : std::vector<std::array<std::uint8_t, 6>>{
           {0x60, 0x34, 0x12, 0x29, 0x02, 0x24},     // second 60
           {0x56, 0x60, 0x12, 0x29, 0x02, 0x24},     // minute 60
           {0x56, 0x34, 0x24, 0x29, 0x02, 0x24},     // hour 24
           {0x56, 0x34, 0x12, 0x29, 0x02, 0x25},     // no leap year
           {0x56, 0x34, 0x12, 0x31, 0x04, 0x24},     // 31 April
           {0x56, 0x34, 0x12, 0x00, 0x02, 0x24},     // day 0
           {0x56, 0x34, 0x12, 0x29, 0x00, 0x24},     // month 0
           {0x56, 0x34, 0x12, 0x29, 0x13, 0x24},     // month 13
           {0x56, 0x34, 0x12, 0x28, 0x02, 0x19},     // 2019
           {0x5A, 0x34, 0x12, 0x29, 0x02, 0x24},     // not BCD
           {0, 0, 0, 0, 0, 0},                       // all zeros
           {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}}) {  // no clock
    Cmos clock;
    clock.set(raw);
    CHECK_FALSE(clock.time().has_value());
  }
  Cmos first;
  first.set({0, 0, 0, 1, 1, 0x20});
  CHECK(first.time() == 1'577'836'800);
}

TEST_CASE("a few accesses tell whether the clock shows a given time") {
  Cmos clock;
  CHECK(cmos::shows(clock, kLeapDay, false));
  CHECK(clock.reads.size() == 2);
  clock.reads.clear();
  CHECK_FALSE(cmos::shows(clock, kLeapDay + 5, false));  // a pause of five seconds
  CHECK(clock.reads.size() == 1);
  CHECK_FALSE(cmos::shows(clock, kLeapDay - 1, false));
  CHECK_FALSE(cmos::shows(clock, kLeapDay + 60, false));
  CHECK_FALSE(cmos::shows(clock, kLeapDay, true));
  clock.set({56, 34, 12, 29, 2, 24});
  CHECK(cmos::shows(clock, kLeapDay, true));
  for (std::uint32_t number = 0; number < 60; ++number) {
    CHECK(cmos::number(cmos::written(number, false), false) == number);
    CHECK(cmos::number(cmos::written(number, true), true) == number);
  }
}

TEST_CASE("a missing clock costs two reads, and one with a dead battery is not believed") {
  Cmos nobody;
  nobody.registers.fill(0xFF);
  CHECK_FALSE(nobody.time().has_value());
  CHECK(nobody.reads[cmos::kStatusA] == 1);
  CHECK(nobody.reads.size() <= 2);
  Cmos dead;
  dead.registers[cmos::kStatusD] = 0;
  CHECK_FALSE(dead.time().has_value());
}

TEST_CASE("an update in progress is waited for, and not for ever") {
  Cmos clock;
  unsigned looks = 0;
  clock.registers[cmos::kStatusA] |= cmos::kUpdateInProgress;
  clock.before_read = [&](Cmos& self, unsigned index) {
    if (index == cmos::kStatusA && ++looks == 100) {
      self.registers[cmos::kStatusA] &= ~cmos::kUpdateInProgress;
    }
  };
  CHECK(clock.time() == kLeapDay);
  Cmos stuck;
  stuck.registers[cmos::kStatusA] |= cmos::kUpdateInProgress;
  CHECK_FALSE(stuck.time().has_value());
  CHECK(stuck.reads[cmos::kStatusA] < 20'000);
  CHECK_FALSE(cmos::try_read(stuck, cmos::kUsualCentury).has_value());
}

TEST_CASE("an update of 2 ms is waited for even on a machine that reads every 20 ns") {
  Cmos clock;
  clock.registers[cmos::kStatusA] |= cmos::kUpdateInProgress;
  clock.before_read = [](Cmos& self, unsigned index) {
    if (index == cmos::kStatusA && self.nanoseconds >= 2'000'000) {
      self.registers[cmos::kStatusA] &= ~cmos::kUpdateInProgress;
    }
  };
  CHECK(clock.time(20) == kLeapDay);
}

TEST_CASE("a reading during which the clock moved on is not used") {
  Cmos clock;  // 12:34:59 becomes 12:35:00 between the second and the minute
  clock.set({0x59, 0x34, 0x12, 0x29, 0x02, 0x24});
  clock.before_read = [&](Cmos& self, unsigned index) {
    if (index == 2 && self.reads[2] == 1) {
      self.set({0x00, 0x35, 0x12, 0x29, 0x02, 0x24});
    }
  };
  CHECK(clock.time() == kLeapDay + 4);
  Cmos restless;  // never the same twice
  restless.before_read = [](Cmos& self, unsigned index) {
    self.registers[0] = index == 0 ? (self.registers[0] ^ 1) : self.registers[0];
  };
  CHECK_FALSE(restless.time().has_value());
  CHECK(restless.reads[0] < 20);
}

}  // namespace
}  // namespace mote
