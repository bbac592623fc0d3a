// RFC 6298's figures.
#include "netstack/sender/rtt.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace mote;
using netstack::RoundTrip;

TEST_CASE("RFC 6298, 2.1: a second before anything is measured") {
  RoundTrip trip;
  CHECK(!trip.is_known());
  CHECK(trip.timeout() == milliseconds(1000));
}

TEST_CASE("RFC 6298, 2.2 and 2.3: the smoothed round trip and its variation") {
  RoundTrip trip;
  trip.begin({}, milliseconds(800));
  CHECK(trip.smoothed() == milliseconds(800));
  CHECK(trip.variation() == milliseconds(400));
  CHECK(trip.timeout() == milliseconds(2400));
  trip.add({}, milliseconds(400), milliseconds(400));
  CHECK(trip.variation() == milliseconds(400));
  CHECK(trip.smoothed() == milliseconds(750));
  CHECK(trip.least() == milliseconds(400));
}

TEST_CASE("the timeout leaves room for a delayed ACK") {
  RoundTrip trip;
  for (int i = 0; i < 100; ++i) {
    trip.add({}, milliseconds(80), milliseconds(80));
  }
  CHECK(trip.timeout() == milliseconds(280));
}

TEST_CASE("RFC 6298, 5.5: timeouts double, to a minute") {
  RoundTrip trip;
  CHECK(trip.timeout(1) == milliseconds(2000));
  CHECK(trip.timeout(5) == milliseconds(32'000));
  CHECK(trip.timeout(6) == milliseconds(60'000));
  CHECK(trip.timeout(255) == milliseconds(60'000));
}

TEST_CASE("the least round trip holds for five minutes") {
  RoundTrip trip;
  trip.add(milliseconds(1), milliseconds(20), milliseconds(20));
  trip.add(milliseconds(200'000), milliseconds(50), milliseconds(50));
  CHECK(trip.least() == milliseconds(20));
  trip.add(milliseconds(300'002), milliseconds(60), milliseconds(50));
  CHECK(trip.least() == milliseconds(50));
}

TEST_CASE("a timeout within two round trips and some is the sooner of both") {
  RoundTrip rtt;
  rtt.begin({}, {});
  CHECK(rtt.timeout_within(milliseconds(200)) == RoundTrip::kFirstTimeout);
  for (const std::uint64_t ms : {1, 20, 80, 300, 2000, 50'000, 90'000}) {
    rtt.begin({}, {});
    for (const std::uint64_t trip : {ms, ms, 3 * ms, ms}) {
      rtt.add({}, milliseconds(trip), milliseconds(trip));
      for (const Nanoseconds slack : {Nanoseconds{}, milliseconds(5), milliseconds(200)}) {
        const Nanoseconds patience = rtt.smoothed() + rtt.smoothed() + slack;
        CHECK(rtt.timeout_within(slack) == std::min(rtt.timeout(), patience));
      }
    }
  }
}
