// Tests of the limit of a turn: what counts as a turn without end, and what a paused machine, or a
// clock that jumps, must not be taken for.
#include "kernel/faults/turn_limit.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "kernel/faults/panic.hpp"
#include "tests/unit/fake_console.hpp"
#include "tests/unit/kernel/fake_interrupts.hpp"
#include "tests/unit/machine/machine.hpp"

namespace mote {

namespace turn_limit {
extern "C" void turn_timer(const TrapFrame* frame);
}

void panic_at(const TrapFrame& frame, std::string_view words) {
  throw std::string(words) + " at " + std::to_string(frame.rip);
}

namespace {

TEST_CASE("a turn is at fault when the timer has run out twice in it") {
  TurnLimit limit;
  CHECK_FALSE(limit.has_run_out(7));
  CHECK(limit.has_run_out(7));
}

TEST_CASE("a machine that makes turns between is never at fault, however often it is paused") {
  TurnLimit limit;
  for (std::uint64_t turns = 0; turns < 1'000; ++turns) {
    CHECK_FALSE(limit.has_run_out(turns));
  }
  CHECK(limit.has_run_out(999));
}

TEST_CASE("the timer is set once a second, even if the clock has jumped") {
  TurnLimit limit;
  CHECK(limit.is_due({}));
  CHECK_FALSE(limit.is_due(milliseconds(999)));
  CHECK(limit.is_due(milliseconds(1'000)));
  CHECK(limit.is_due(milliseconds(86'400'000)));
  CHECK_FALSE(limit.is_due(milliseconds(86'400'250)));
  CHECK(limit.is_due(milliseconds(86'401'000)));
}

TEST_CASE("a turn at fault has lasted longer than the panic says, less than a watchdog waits") {
  constexpr std::uint64_t kLook = milliseconds(250).value;
  constexpr std::uint64_t kLatest = TurnLimit::kInterval.value + kLook;
  CHECK(2 * TurnLimit::kAhead.value - kLatest > milliseconds(5'000).value);
  CHECK(2 * TurnLimit::kAhead.value < milliseconds(9'000).value);
  CHECK(TurnLimit::kAhead.value > 2 * kLatest);  // it never runs out while the loop turns
}

TEST_CASE("once started, the loop sets the timer, and the timer asks for its turns") {
  FakeMachine machine;
  interrupts::fake() = {};
  std::uint64_t turns = 5;
  turn_limit::look(milliseconds(1'000));
  CHECK(interrupts::fake().limits.empty());  // not before the start
  turn_limit::start(turns);
  for (std::uint64_t quarter = 4; quarter < 12; ++quarter) {
    turn_limit::look(milliseconds(250 * quarter));
  }
  CHECK(interrupts::fake().limits == std::vector<std::uint64_t>(2, TurnLimit::kAhead.value));
  TrapFrame frame{};
  frame.rip = 42;
  turn_limit::turn_timer(&frame);
  ++turns;
  turn_limit::turn_timer(&frame);
  interrupts::fake().is_limits = false;  // a doze's, which came late
  turn_limit::turn_timer(&frame);
  interrupts::fake().is_limits = true;
  CHECK_THROWS_WITH_AS(turn_limit::turn_timer(&frame), "a turn of the loop lasted over 5 s at 42",
                       std::string);
}

TEST_CASE("without a local APIC the console says that there is no limit") {
  interrupts::fake() = {};
  interrupts::fake().has_limit = false;
  console::written().clear();
  const std::uint64_t turns = 0;
  turn_limit::start(turns);
  turn_limit::look(milliseconds(5'000));
  CHECK(interrupts::fake().limits.empty());
  CHECK(console::written() == "watchdog: no local APIC, a turn of the loop has no limit\n");
}

}  // namespace
}  // namespace mote
