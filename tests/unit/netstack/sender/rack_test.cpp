// RFC 8985's reordering window, and what a resend's ACK tells.
#include "netstack/sender/rack.hpp"

#include <doctest/doctest.h>

#include "tests/unit/netstack/sender/script.hpp"

using namespace mote;
using namespace mote::script;

TEST_CASE("RFC 8985, 6.2, step 4: after reordering, three segments behind a hole don't suffice") {
  Known s;
  s.fly(8);
  s.wait(80);
  static_cast<void>(s.ack(1, {{3, 4}}));
  static_cast<void>(s.ack(4));  // the hole was only late
  CHECK(fake::congested.losses == 0);
  static_cast<void>(s.ack(4, {{5, 9}}));
  CHECK(fake::congested.losses == 0);
  CHECK(s.send().kind == Kind::kNone);
  CHECK(s.to_deadline() == doctest::Approx(20));
  CHECK(fake::congested.losses == 1);
  CHECK(s.send().kind == Kind::kResend);
}

TEST_CASE("RFC 8985, 6.2, step 4: each round trip with D-SACK widens the window by a quarter") {
  netstack::RoundTrip trip;
  trip.begin({}, milliseconds(80));
  netstack::Rack rack;
  rack.begin({0});
  CHECK(rack.window(trip, false) == milliseconds(20));
  CHECK(rack.window(trip, true) == Nanoseconds{});
  rack.on_duplicate({100}, {200});
  rack.on_duplicate({150}, {250});  // in the same round trip
  CHECK(rack.window(trip, false) == milliseconds(40));
  rack.on_duplicate({200}, {300});
  CHECK(rack.window(trip, false) == milliseconds(60));
  rack.on_duplicate({300}, {400});
  rack.on_duplicate({400}, {500});
  CHECK(rack.window(trip, false) == milliseconds(80));  // the smoothed round trip at most
}

TEST_CASE("RFC 8985, 6.2, step 4: sixteen recoveries without D-SACK narrow it again") {
  netstack::RoundTrip trip;
  trip.begin({}, milliseconds(80));
  netstack::Rack rack;
  rack.begin({0});
  rack.on_duplicate({100}, {200});
  for (int i = 0; i < 15; ++i) {
    rack.on_recovered();
  }
  CHECK(rack.window(trip, false) == milliseconds(40));
  rack.on_recovered();
  CHECK(rack.window(trip, false) == milliseconds(20));
}

TEST_CASE("RFC 8985, 6.2, step 2: the ACK of a resend that comes too soon is the first sending's") {
  Known s;
  s.fly(3, 1);
  s.wait(80);
  static_cast<void>(s.ack(1, {{2, 3}}));
  s.to_deadline();
  CHECK(s.send().kind == Kind::kResend);
  s.write(2000);
  static_cast<void>(s.send_all());
  s.wait(1);
  static_cast<void>(s.ack(2, {{2, 3}}));  // 1 ms after the resend
  // The third segment was sent before the resend, and isn't lost for it.
  CHECK(s.recovery.flight().lost() == 0);
}

TEST_CASE("the answer to a tail loss probe that is the quickest so far tells of what is lost") {
  Known s;  // its least round trip is 80 ms
  s.fly(3, 1);
  s.wait(80);
  static_cast<void>(s.ack(1));
  s.to_deadline();
  CHECK(s.send().kind == Kind::kResend);  // the last one
  s.wait(70);
  static_cast<void>(s.ack(1, {{2, 3}}));
  CHECK(s.to_deadline() < 20);
  CHECK(s.send().kind == Kind::kResend);
  CHECK(s.recovery.timeouts() == 0);
}

TEST_CASE("RFC 8985, 6.3: a flight in one go loses what lies before the SACK, and not behind it") {
  Known s;
  s.write(8000);
  CHECK(s.send().range.bytes() == 8000);
  s.wait(80);
  static_cast<void>(s.ack(1, {{3, 6}}));
  CHECK(fake::congested.lost == 2000);
  REQUIRE(fake::congested.ranges.size() == 1);
  CHECK(fake::congested.ranges[0].bytes == 2000);
  CHECK(fake::congested.ranges[0].lost == 2000);
  CHECK(fake::congested.ranges[0].sent_in_flight == 8000);
  CHECK(s.send().range.bytes() == 2000);
}

TEST_CASE("what is sent after the latest delivery isn't looked at for losses") {
  give_ranges(1000);
  netstack::Flight flight;
  flight.begin({0});
  for (std::uint64_t ms = 0; ms < 200; ++ms) flight.append(1000, milliseconds(ms), {}, {}, false);
  netstack::RoundTrip trip;
  trip.begin({}, milliseconds(80));
  netstack::Rack rack;
  rack.begin({0});
  const netstack::FlightRange third{.begin = {2000}, .end = {3000}, .sent_at = milliseconds(2)};
  rack.on_delivered(milliseconds(200), third, third.end, trip);
  const netstack::Rack::Found found = rack.detect(milliseconds(200), flight, trip, true);
  CHECK(found.lost == 2000);
  CHECK(found.seen == 3);
  flight.end();
}
