// Tests of the clock: its frequency from every source, timers that stand still or jump, and waits.
#include "kernel/time/clock.hpp"

#include <doctest/doctest.h>

#include <cstdint>

#include "tests/unit/kernel/fake_acpi.hpp"
#include "tests/unit/machine/machine.hpp"

namespace mote::clock {
namespace {

constexpr std::uint64_t kKhz = 2'500'000;

// A PC whose counter runs at 2.5 GHz, with ACPI's timer and the PIT. A port access takes a
// microsecond.
struct Pc : FakeMachine {
  double pm_speed = 1;  // 0: stands still
  double pit_speed = 1;
  std::uint16_t latched = 0;
  bool second_half = false;
  std::uint64_t port_accesses = 0;

  Pc() {
    acpi::told() = {};
    acpi::told().pm_timer = IoPort{0x608};
    on_in = [this](std::uint16_t port, unsigned) -> std::uint32_t {
      pass();
      if (port == 0x608) {
        return counted(3'579'545, pm_speed) & 0xFF'FFFF;
      }
      if (port == 0x42) {
        second_half = !second_half;
        return second_half ? latched & 0xFF : latched >> 8;
      }
      return 0;
    };
    on_out = [this](std::uint16_t port, unsigned, std::uint32_t value) {
      pass();
      if (port == 0x43 && value == 0x80) {
        latched = static_cast<std::uint16_t>(-counted(1'193'182, pit_speed));
        second_half = false;
      }
    };
  }
  void pass() {
    ticks += kKhz / 1000;
    ++port_accesses;
  }
  [[nodiscard]] std::uint32_t counted(double hertz, double speed) const {
    return static_cast<std::uint32_t>(static_cast<double>(ticks) / (kKhz * 1000.0) * hertz * speed);
  }
};

TEST_CASE("before its frequency is known, the counter is assumed to be the fastest") {
  CHECK(ticks_in(milliseconds(1)) == 5'000'001);
}

TEST_CASE("a frequency from the hypervisor needs no timer") {
  Pc pc;
  pc.leaves[{1, 0}] = {0, 0, 1U << 31, 0};
  pc.leaves[{0x4000'0000, 0}] = {0x4000'0010, 0, 0, 0};
  pc.leaves[{0x4000'0010, 0}] = {kKhz, 0, 0, 0};
  initialize();
  CHECK(frequency_khz() == kKhz);
  CHECK(source() == "cpuid 40000010h");
  CHECK(pc.port_accesses == 0);
  // An absent leaf, and a CPU without a hypervisor, where those leaves mean nothing.
  pc.leaves[{0x4000'0000, 0}] = {0x4000'000F, 0, 0, 0};
  initialize();
  CHECK(source() == "acpi pm timer");
  pc.leaves[{0x4000'0000, 0}] = {0x4002'0000, 0, 0, 0};
  initialize();
  CHECK(source() == "acpi pm timer");
  pc.leaves[{0x4000'0000, 0}] = {0x4000'0010, 0, 0, 0};
  pc.leaves[{1, 0}] = {};
  initialize();
  CHECK(source() == "acpi pm timer");
}

TEST_CASE("the CPU's statement counts if a timer agrees") {
  Pc pc;
  pc.leaves[{0, 0}] = {0x15, 0, 0, 0};
  pc.leaves[{0x15, 0}] = {2, 200, 25'000'000, 0};  // 25 MHz by 200 / 2
  initialize();
  CHECK(frequency_khz() == kKhz);
  CHECK(source() == "cpuid 15h");
  pc.leaves[{0x15, 0}] = {2, 300, 25'000'000, 0};  // 3.75 GHz: another CPU's
  initialize();
  CHECK(source() == "acpi pm timer");
  for (unsigned i = 0; i < 3; ++i) {  // each of the three may be zero
    pc.leaves[{0x15, 0}] = {2, 200, 25'000'000, 0};
    pc.leaves[{0x15, 0}].at(i) = 0;
    initialize();
    CHECK(source() == "acpi pm timer");
  }
  pc.leaves[{0x15, 0}] = {2, 200, 25'000'000, 0};
  pc.leaves[{0, 0}] = {0x14, 0, 0, 0};
  initialize();
  CHECK(source() == "acpi pm timer");
}

TEST_CASE("a timer measures to a part in a thousand, and is stopped afterwards") {
  Pc pc;
  initialize();
  CHECK(source() == "acpi pm timer");
  CHECK(static_cast<double>(frequency_khz()) == doctest::Approx(kKhz).epsilon(0.002));
  CHECK(pc.ticks < 3 * kKhz);  // a millisecond, and no more than three
  acpi::told().pm_timer.reset();
  initialize();
  CHECK(source() == "pit");
  CHECK(static_cast<double>(frequency_khz()) == doctest::Approx(kKhz).epsilon(0.005));
  CHECK(pc.writes.back() == Pc::out8(0x61, 0));  // the gate as it was
}

TEST_CASE("a timer that stands still is soon given up; without any, a frequency is assumed") {
  Pc pc;
  pc.pm_speed = 0;
  initialize();
  CHECK(source() == "pit");
  pc.pit_speed = 0;
  const std::uint64_t before = pc.ticks;
  initialize();
  CHECK_FALSE(is_known());
  CHECK(frequency_khz() == 2'000'000);
  CHECK(pc.ticks - before < 3 * kKhz);
}

TEST_CASE("a timer that crawls is not waited for longer than 20 ms") {
  Pc pc;
  pc.pm_speed = 0.02;  // each value lasts 14 us
  pc.pit_speed = 0;
  const std::uint64_t before = pc.ticks;
  initialize();
  CHECK_FALSE(is_known());
  CHECK(pc.ticks - before < 45 * kKhz);
}

TEST_CASE("time begins at zero and passes with the counter") {
  Pc pc;
  pc.ticks_a_look = 0;
  initialize();
  CHECK(now().value == 0);
  pc.ticks += frequency_khz() * 5;
  CHECK(now().value == doctest::Approx(5'000'000).epsilon(0.000001));
  const Nanoseconds before = now();
  wait(microseconds(50));
  CHECK((now() - before).value >= 50'000);
  CHECK((now() - before).value < 52'000);
}

TEST_CASE("spans in ticks are rounded up, and capped at 1,000 s") {
  Pc pc;
  initialize();
  CHECK(ticks_in(Nanoseconds{0}) == 1);
  CHECK(ticks_in(milliseconds(3)) == 3 * frequency_khz() + 1);
  CHECK(ticks_in(Nanoseconds{~std::uint64_t{0}}) == 1'000'000 * frequency_khz() + 1);
}

}  // namespace
}  // namespace mote::clock
