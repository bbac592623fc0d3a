// Tests of an interrupt line that never goes quiet, in a program of their own because lines that
// were given up stay so.
#include <doctest/doctest.h>

#include "firmware/idle.hpp"
#include "tests/unit/firmware/idle_world.hpp"

namespace mote::idle {
namespace {

bool for_nothing() { return true; }

TEST_CASE("a hundred interrupts for nothing in a row close the lines and shorten dozes") {
  World world;
  initialize(IdlePolicy::kDoze);
  World::said();
  for (unsigned i = 0; i < 99; ++i) {
    CHECK(world.doze(for_nothing) == Woken::kBySomething);
  }
  CHECK(world.doze([] { return false; }) == Woken::kByTime);  // it went quiet once
  for (unsigned i = 0; i < 99; ++i) {
    CHECK(world.doze(for_nothing) == Woken::kBySomething);
  }
  CHECK(interrupts::fake().closed == 0);
  CHECK(World::said().empty());
  CHECK(world.doze(for_nothing) == Woken::kBySomething);
  CHECK(interrupts::fake().closed == 1);
  CHECK(World::said() == "idle: an interrupt line never rests, so a doze lasts 1 ms at most\n");
  CHECK(interrupts::fake().dozes.back() > 90'000'000);
  CHECK(world.doze(for_nothing) == Woken::kBySomething);
  CHECK(interrupts::fake().dozes.back() <= 1'000'000);
}

}  // namespace
}  // namespace mote::idle
