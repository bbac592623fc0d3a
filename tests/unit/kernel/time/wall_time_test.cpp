// Tests of correcting the wall time by its source.
#include "kernel/time/wall_time.hpp"

#include <doctest/doctest.h>

#include <cstdint>

namespace mote {
namespace {

TEST_CASE("the wall time is moved into the second that its source gives, and no further") {
  constexpr std::uint64_t kS = WallTime::kSecond;
  WallTime time;
  CHECK_FALSE(time.is_set());
  time.learn(5 * kS, 1'000 * kS, 1'001 * kS);
  CHECK(time.is_set());
  CHECK(time.at(5 * kS) == 1'000 * kS);
  CHECK(time.at(5 * kS + 7) == 1'000 * kS + 7);
  time.learn(65 * kS + kS / 2, 1'060 * kS, 1'061 * kS);  // agrees
  CHECK(time.at(65 * kS) == 1'060 * kS);
  time.learn(125 * kS, 1'121 * kS, 1'122 * kS);  // slow by up to a second
  CHECK(time.at(125 * kS) == 1'121 * kS);
  time.learn(185 * kS, 1'179 * kS, 1'180 * kS);  // fast by more than a second
  CHECK(time.at(185 * kS) == 1'180 * kS - 1);
  time.learn(186 * kS, 90'000 * kS, 90'001 * kS);  // the machine stood still for a day
  CHECK(time.at(186 * kS) == 90'000 * kS);
}

}  // namespace
}  // namespace mote
