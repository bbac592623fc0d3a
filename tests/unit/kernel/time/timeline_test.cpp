// Tests of the clock's arithmetic: ticks to nanoseconds.
#include "kernel/time/timeline.hpp"

#include <doctest/doctest.h>

#include <cstdint>

#include "kernel/time/frequency.hpp"

namespace mote {
namespace {

TEST_CASE("a timeline counts nanoseconds") {
  Timeline timeline;
  timeline.start(1'000, 2'500'000);
  CHECK(timeline.at(1'000) == 0);
  CHECK(timeline.at(1'000 + 2'500) == doctest::Approx(1'000).epsilon(0.002));
  const std::uint64_t year_ticks = std::uint64_t{365} * 86'400 * 2'500'000'000;
  const std::uint64_t year_ns = std::uint64_t{365} * 86'400 * 1'000'000'000;
  const std::uint64_t year = timeline.at(1'000 + year_ticks);
  CHECK(year <= year_ns);
  CHECK(year_ns - year < year_ns / 1'000'000'000);
}

TEST_CASE("a timeline works with the slowest and the fastest counter") {
  for (const std::uint64_t khz : {Frequency::kSlowestKhz, Frequency::kFastestKhz}) {
    Timeline timeline;
    timeline.start(0, khz);
    const std::uint64_t second = timeline.at(khz * 1'000);
    CHECK(second <= 1'000'000'000);
    CHECK(second > 999'999'900);
  }
}

TEST_CASE("a counter that steps back never turns time back") {
  Timeline timeline;
  timeline.start(5'000'000'000, 1'000'000);
  const std::uint64_t before = timeline.at(6'000'000'000);
  const std::uint64_t at_step = timeline.at(17);
  CHECK(at_step == before);
  CHECK(timeline.at(1'017) - at_step == 1'000);
  CHECK(timeline.at(3) - at_step == 1'000);
}

}  // namespace
}  // namespace mote
