// Tests of the wall clock: the choice of its source, and the correction of a clock that fell
// behind.
//
// The clock lives as long as the program, so the cases build on each other in their order.
#include "kernel/time/wall_clock.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>

#include "kernel/time/calendar.hpp"
#include "kernel/time/kvm_clock.hpp"
#include "kernel/time/wall_time.hpp"
#include "tests/unit/kernel/fake_acpi.hpp"
#include "tests/unit/machine/machine.hpp"

namespace mote::wall_clock {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kStart = 1'709'210'096;  // 2024-02-29 12:34:56

// A PC with a counter at 1 GHz and a CMOS clock in BCD that shows `shown`.
struct Pc : FakeMachine {
  std::uint64_t shown = kStart;
  bool there = true;
  bool updating = false;
  std::uint8_t index = 0;
  unsigned reads = 0;

  Pc() {
    acpi::told() = {};
    ticks_a_look = 1;
    on_out = [this](std::uint16_t port, unsigned, std::uint32_t value) {
      CHECK(port == 0x70);
      CHECK((value & 0x80) == 0);  // it would mask the NMI
      index = static_cast<std::uint8_t>(value);
    };
    on_in = [this](std::uint16_t port, unsigned) -> std::uint32_t {
      CHECK(port == 0x71);
      ++reads;
      return there ? cmos() : 0xFF;
    };
  }

 private:
  [[nodiscard]] static std::uint32_t bcd(std::uint32_t number) {
    return number / 10 << 4 | number % 10;
  }
  [[nodiscard]] std::uint32_t cmos() const {
    const calendar::TimeOfDay time = calendar::time_of_day(shown);
    const calendar::Date date = calendar::date_of(static_cast<std::uint32_t>(shown / 86'400));
    switch (index) {
      case 0:
        return bcd(time.second);
      case 2:
        return bcd(time.minute);
      case 4:
        return bcd(time.hour);
      case 7:
        return bcd(date.day);
      case 8:
        return bcd(date.month);
      case 9:
        return bcd(date.year % 100);
      case 0x0A:
        return updating ? 0xA6 : 0x26;
      case 0x0B:
        return 0x02;  // 24 hours, BCD
      case 0x0D:
        return 0x80;
      case 0x32:
        return 0x20;
      default:
        return 0;
    }
  }
};

TEST_CASE("without a clock there is no time, and no second look for one") {
  Pc pc;
  pc.there = false;
  initialize();
  CHECK_FALSE(now().has_value());
  pc.there = true;
  acpi::told().cmos_clock.absent = true;
  pc.reads = 0;
  initialize();
  pc.ticks += 100 * kSecond;
  keep();
  CHECK_FALSE(now().has_value());
  CHECK_FALSE(nanoseconds().has_value());
  CHECK(pc.reads == 0);
}

TEST_CASE("the CMOS clock is read once, then two of its registers are compared each second") {
  Pc pc;
  pc.ticks = 1'000 * kSecond;
  initialize();
  CHECK(now() == kStart);
  pc.reads = 0;
  pc.ticks += kSecond / 2;
  keep();
  CHECK(pc.reads == 0);
  pc.ticks += kSecond / 2;
  pc.shown += 1;
  keep();
  CHECK(pc.reads == 2);
  CHECK(now() == kStart + 1);
  const std::uint64_t then = nanoseconds().value();
  CHECK(then / kSecond == kStart + 1);
  pc.ticks += 123'456'789;
  CHECK(nanoseconds().value() == then + 123'456'789 + pc.ticks_a_look);
}

TEST_CASE("a machine that was paused corrects its clock at the next look") {
  Pc pc;
  pc.ticks = 1'002 * kSecond + kSecond / 2;
  pc.shown = kStart + 7'200;
  keep();
  CHECK(now() == kStart + 7'200);
}

TEST_CASE("a clock in the middle of an update is read at the next call") {
  Pc pc;
  pc.ticks = 1'004 * kSecond + kSecond / 2;
  pc.shown = kStart + 9'000;
  pc.updating = true;
  keep();
  CHECK(now() == kStart + 7'202);
  pc.updating = false;
  keep();
  CHECK(now() == kStart + 9'000);
}

TEST_CASE("hours and days are compared once a minute") {
  Pc pc;
  pc.ticks = 1'006 * kSecond + 3 * kSecond / 4;
  pc.shown = kStart + 9'002 + 3'600;  // an hour on: minute and second are the same
  keep();
  CHECK(now() == kStart + 9'002);
  pc.ticks += 61 * kSecond;
  pc.shown += 61;
  keep();
  CHECK(now() == kStart + 9'063 + 3'600);
}

TEST_CASE("KVM's clock is preferred, and read again each second") {
  Pc pc;
  pc.ticks = 2'000 * kSecond;
  pc.leaves[{1, 0}] = {0, 0, 1U << 31, 0};
  pc.leaves[{0x4000'0000, 0}] = {0x4000'0001, 0x4B4D'564B, 0x564B'4D56, 0x4D};
  pc.leaves[{0x4000'0001, 0}] = {1 << 3, 0, 0, 0};
  std::uint32_t wall = kStart + 100'000;
  unsigned asked = 0;
  pc.on_msr = [&](std::uint32_t msr, std::uint64_t value) {
    if (msr == 0x4B56'4D00) {
      *reinterpret_cast<kvm::WallClock*>(value) = {2, wall, 0};
    } else if ((value & 1) != 0) {
      ++asked;
      auto& system = *reinterpret_cast<kvm::SystemTime*>(value & ~std::uint64_t{1});
      system = {.version = 2,
                .padding = 0,
                .time_stamp = pc.ticks,
                .nanoseconds = 5 * kSecond,
                .multiplier = 0x8000'0000,
                .shift = 1,
                .flags = 0,
                .padding2 = {}};
    }
  };
  pc.reads = 0;
  initialize();
  CHECK(now() == kStart + 100'005);
  CHECK(pc.reads == 0);
  CHECK(asked == 1);
  keep();
  CHECK(asked == 1);
  pc.ticks += kSecond;
  wall += 50;
  keep();
  CHECK(asked == 2);
  CHECK(now() == kStart + 100'055);
}

}  // namespace
TEST_CASE("a second is told until it ends, and no longer") {
  Pc pc;
  const std::uint64_t second = now().value();
  pc.ticks += WallTime::kSecond - nanoseconds().value() % WallTime::kSecond - 5;
  CHECK(now() == second);
  pc.ticks += 10;
  CHECK(now() == second + 1);
}

}  // namespace mote::wall_clock
