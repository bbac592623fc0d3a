// Tests of waiting: polling, when the CPU halts, what woke it, and interrupts that don't arrive.
//
// Whether the machine dozes is decided once in a program, so the cases are one story.
#include "firmware/idle.hpp"

#include <doctest/doctest.h>

#include <cstdint>

#include "tests/unit/firmware/idle_world.hpp"

namespace mote::idle {
namespace {

TEST_CASE("a machine that polls watches memory until there is work or time is over") {
  World world;
  initialize(IdlePolicy::kPoll);
  CHECK(World::said().empty());
  const Nanoseconds until = world.now() + milliseconds(5);
  CHECK(wait(world.watch, until, {0}) == Woken::kByTime);
  CHECK(world.now() >= until);
  CHECK(world.now() < until + microseconds(10));
  world.on_look = [&] { work = world.ticks > 8'000'000 ? 1 : 0; };
  CHECK(wait(world.watch, world.now() + milliseconds(100), {0}) == Woken::kByWork);
  CHECK(world.now() < milliseconds(9));
  CHECK(wait(world.watch, world.now(), {0}) == Woken::kByTime);  // at once, even if there is work
  CHECK(interrupts::fake().dozes.empty());
}

TEST_CASE("a counter that steps back ends the wait") {
  World world;
  world.ticks = 1'000'000'000;
  world.on_look = [&world, steps = 0]() mutable { world.ticks = ++steps == 5 ? 0 : world.ticks; };
  CHECK(wait(world.watch, world.now() + milliseconds(1), {0}) == Woken::kByTime);
  CHECK(world.now() < milliseconds(1));
}

TEST_CASE("without a local APIC that works the machine polls, and says so") {
  World world;
  interrupts::fake().starts = false;
  initialize(IdlePolicy::kDoze);
  CHECK(World::said() == "idle: no working local APIC, so it polls\n");
  CHECK(world.doze(nullptr) == Woken::kByTime);
  CHECK(interrupts::fake().dozes.empty());
}

TEST_CASE("a doze begins after half a millisecond without work and lasts until the next deadline") {
  World world;
  initialize(IdlePolicy::kDoze);
  CHECK(World::said() == "idle: dozes\n");
  interrupts::fake().on_doze = [] { return false; };
  const Nanoseconds start = world.now();
  CHECK(wait(world.watch, start + milliseconds(250), start) == Woken::kByTime);
  REQUIRE(interrupts::fake().dozes.size() == 1);
  CHECK(interrupts::fake().dozes[0] <= 249'500'000);
  CHECK(interrupts::fake().dozes[0] > 249'400'000);
  CHECK((nic_state.armed == 1 && nic_state.disarmed == 1));
  CHECK(interrupts::fake().acknowledged == 1);
  CHECK(counted().dozes == 1);
  // Deadlines and work within the half millisecond are polled for.
  CHECK(wait(world.watch, world.now() + microseconds(400), world.now()) == Woken::kByTime);
  world.on_look = [] { work = 1; };
  CHECK(wait(world.watch, world.now() + milliseconds(250), world.now()) == Woken::kByWork);
  CHECK(counted().dozes == 1);
}

TEST_CASE("work that arrives while the NICs are being armed is found before the halt") {
  World world;
  nic_state.on_arm = [] { work = 1; };
  CHECK(world.doze(nullptr) == Woken::kByWork);
  CHECK((nic_state.armed == 1 && nic_state.disarmed == 1));
  nic_state.on_arm = [] { FakeMachine::current()->ticks += 200'000'000; };  // slow exits
  CHECK(world.doze(nullptr) == Woken::kByTime);
  CHECK(interrupts::fake().dozes.empty());
  CHECK(counted().dozes == 1);
}

TEST_CASE("a doze ends by an interrupt with work, one that no word explains, or the timer") {
  World world;
  CHECK(world.doze([] {
    work = 1;
    return true;
  }) == Woken::kByWork);
  CHECK(world.doze([] { return true; }) == Woken::kBySomething);
  CHECK(world.doze([] { return false; }) == Woken::kByTime);
  // The device's interrupt came together with the timer's.
  interrupts::fake().waits = true;
  CHECK(world.doze([] {
    work = 1;
    return false;
  }) == Woken::kByWork);
  CHECK(counted().late == 0);
}

bool late() {
  work = 1;
  return false;
}

TEST_CASE("a NIC that can't interrupt makes dozes short, and doesn't count as late") {
  World world;
  nic_state.can_wake = false;
  CHECK(world.doze(late) == Woken::kByWork);
  REQUIRE(interrupts::fake().dozes.size() == 1);
  CHECK(interrupts::fake().dozes[0] <= 1'000'000);
  CHECK(counted().late == 0);
}

TEST_CASE("after eight late wake-ups in a row no doze is longer than a millisecond") {
  World world;
  for (unsigned i = 0; i < 7; ++i) {
    CHECK(world.doze(late) == Woken::kByWork);
  }
  CHECK(counted().late == 7);
  CHECK(world.doze([] { return false; }) == Woken::kByTime);  // without work it proves nothing
  CHECK(world.doze([] {
    work = 1;
    return true;
  }) == Woken::kByWork);  // the interrupt does arrive
  for (unsigned i = 0; i < 7; ++i) {
    CHECK(world.doze(late) == Woken::kByWork);
  }
  CHECK(World::said().empty());
  CHECK(interrupts::fake().dozes.back() > 90'000'000);
  CHECK(world.doze(late) == Woken::kByWork);
  CHECK(World::said() == "idle: NICs' interrupts don't arrive, so a doze lasts 1 ms at most\n");
  CHECK(world.doze(late) == Woken::kByWork);
  CHECK(interrupts::fake().dozes.back() <= 1'000'000);
  CHECK(World::said().empty());
}

}  // namespace
}  // namespace mote::idle
