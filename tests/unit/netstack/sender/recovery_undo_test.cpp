// What was spurious is undone, and what congestion control is told.
#include <doctest/doctest.h>

#include "tests/unit/netstack/sender/script.hpp"

using namespace mote;
using namespace mote::script;

TEST_CASE("RFC 3708: D-SACKs for all that was resent undo the recovery") {
  Known s;
  s.fly(8);
  s.wait(80);
  static_cast<void>(s.ack(1, {{2, 5}}));
  CHECK(fake::congested.losses == 1);
  CHECK(is(s.send(), Kind::kResend, 1000, 2000));
  static_cast<void>(s.ack(5));
  CHECK(fake::congested.undone == 0);
  static_cast<void>(s.ack(9));
  CHECK(fake::congested.recoveries == 1);
  s.fly(1);
  static_cast<void>(s.ack(9, {{1, 2}}));
  CHECK(fake::congested.undone == 1);
}

TEST_CASE("RFC 3708: a D-SACK for a part of it undoes nothing") {
  Known s;
  s.fly(8);
  s.wait(80);
  static_cast<void>(s.ack(1, {{3, 7}}));
  CHECK(is(s.send(), Kind::kResend, 1000, 3000));
  static_cast<void>(s.ack(7));
  s.fly(1);
  static_cast<void>(s.ack(7, {{1, 2}}));
  CHECK(fake::congested.undone == 0);
  static_cast<void>(s.ack(7, {{2, 3}}));
  CHECK(fake::congested.undone == 1);
}

TEST_CASE("RFC 5682, 3.1: a SACK of what wasn't resent shows that a timeout was spurious") {
  Known s;
  s.fly(6, 10);
  s.time_out();
  CHECK(fake::congested.timeouts == 1);
  CHECK(is(s.send(), Kind::kResend, 1000, 2000));
  CHECK(s.send().kind == Kind::kNone);
  s.wait(5);
  static_cast<void>(s.ack(3));  // two of the first sending
  CHECK(fake::congested.undone == 1);
  CHECK(s.recovery.flight().lost() == 0);
  CHECK(s.send().kind == Kind::kNone);  // nothing is resent needlessly
}

TEST_CASE("what is undone while a window is shut is waited for, not only the window") {
  Known s;
  s.fly(4);
  s.limits.window_edge = s.at(2);
  for (int i = 0; i < 10 && fake::congested.timeouts == 0; ++i) s.to_deadline();
  REQUIRE(fake::congested.timeouts == 1);
  CHECK(is(s.send(), Kind::kResend, 1000, 2000));
  static_cast<void>(s.ack(2));
  CHECK(s.send().kind == Kind::kNone);
  static_cast<void>(s.ack(2, {{1, 2}}));
  CHECK(fake::congested.undone == 1);
  fake::congested.window = 3 * kMss;  // full of what the peer has dropped
  s.write(5000);
  s.limits.window_edge = s.at(100);
  static_cast<void>(s.ack(2));
  CHECK(s.send().kind == Kind::kNone);
  std::size_t resent = 0;
  for (int i = 0; i < 3; ++i) {
    s.to_deadline();
    resent += s.send_all().size();
  }
  CHECK(resent != 0);
}

TEST_CASE("RFC 5682, 2.1: without SACK the second ACK tells, and new data is sent meanwhile") {
  Known s(false);
  s.fly(6);
  s.to_deadline();
  CHECK(fake::congested.timeouts == 1);
  CHECK(is(s.send(), Kind::kResend, 1000, 2000));
  s.write(5000);
  static_cast<void>(s.ack(2));
  CHECK(is(s.send(), Kind::kNew, 7000, 9000));
  CHECK(s.send().kind == Kind::kNone);
  CHECK(fake::congested.undone == 0);
  static_cast<void>(s.ack(3));
  CHECK(fake::congested.undone == 1);
}

TEST_CASE("RFC 5682, 2.1: a duplicate ACK instead means that the timeout was right") {
  Known s(false);
  s.fly(6);
  s.to_deadline();
  CHECK(is(s.send(), Kind::kResend, 1000, 2000));
  s.write(5000);
  static_cast<void>(s.ack(2));
  CHECK(is(s.send(), Kind::kNew, 7000, 9000));
  static_cast<void>(s.ack(2));
  CHECK(fake::congested.undone == 0);
  CHECK(s.send().kind == Kind::kResend);
}

TEST_CASE("RFC 3168, 6.1.2: ECE reduces the window once a round trip, and CWR answers") {
  Known s;
  s.fly(8);
  s.wait(80);
  static_cast<void>(s.ack(2, {}, false, true));
  static_cast<void>(s.ack(3, {}, false, true));
  CHECK(fake::congested.losses == 1);
  CHECK(fake::congested.lost == 0);
  CHECK(s.recovery.owes_cwr());
  s.fly(1);
  CHECK(!s.recovery.owes_cwr());
}

TEST_CASE("RFC 6937: recovery sends no more than proportional rate reduction lets it") {
  Known s;
  fake::congested.window = 20 * kMss;
  s.fly(20);
  fake::congested.recovery_window = 10 * kMss;
  s.write(100'000);
  s.wait(80);
  static_cast<void>(s.ack(1, {{2, 5}}));
  CHECK(is(s.send(), Kind::kResend, 1000, 2000));
  std::uint32_t sent = 1000;
  for (std::uint32_t i = 6; i <= 21; ++i) {
    static_cast<void>(s.ack(1, {{2, i}}));
    for (const NextSegment& segment : s.send_all()) sent += segment.range.bytes();
  }
  CHECK(sent == 10'000);
  CHECK(s.recovery.in_flight() == 10'000);
}

TEST_CASE(
    "draft-ietf-ccwg-bbr-06, 4.1.2: what is delivered, how fast, and whether the writer waited") {
  Known s;
  fake::congested.window = 20 * kMss;
  s.fly(20);
  s.write(100'000);
  CHECK(s.send().kind == Kind::kNone);  // the window is full: from now on it is told
  s.wait(80);
  static_cast<void>(s.ack(11));
  REQUIRE(fake::congested.acks.size() == 1);
  const netstack::AckEvent& event = fake::congested.acks[0];
  CHECK(event.delivered == 11'000);
  CHECK(event.newly_delivered == 10'000);
  CHECK(event.is_window_limited);
  CHECK(event.rate.prior_delivered == 1000);
  CHECK(event.rate.delivered == 10'000);
  CHECK(event.rate.interval == milliseconds(80));
  CHECK(event.rate.bytes_per_second == 125'000);
  CHECK(event.rate.sent_in_flight == 1000);
  CHECK(event.rtt == milliseconds(80));
}

TEST_CASE("bursts of a millisecond, or of two segments, leave by the pacing rate") {
  Known s;
  fake::congested.window = 110 * kMss;
  fake::congested.pacing_rate = 4'000'000;  // 4,000 bytes a millisecond
  s.write(70'000);
  std::uint32_t at_once = 0;
  for (int i = 0; i < 2; ++i) {  // the initial window, then what congestion control lets go
    for (const NextSegment& segment : s.send_all()) at_once += segment.range.bytes();
  }
  CHECK(at_once == 70'000);  // slow start's first three flights
  s.write(40'000);
  std::uint32_t bytes = 0;
  const Nanoseconds begun = s.now;
  int gaps = 0;
  while (bytes < 40'000 && gaps < 100) {
    for (const NextSegment& segment : s.send_all()) {
      CHECK(segment.range.bytes() <= 4000);
      bytes += segment.range.bytes();
    }
    if (bytes < 40'000) {
      CHECK(s.to_deadline() == doctest::Approx(1));
      ++gaps;
    }
  }
  CHECK(gaps == 9);
  CHECK((s.now - begun) == milliseconds(9));
}

namespace {

// A known line; two segments, a path probe of 1,500 bytes, and four segments are in flight.
struct Probing : Known {
  Probing() {
    fly(2, 1);
    write(1500);
    NextSegment probe = recovery.next(now, limits);
    CHECK(is(probe, Kind::kNew, 3000, 4500));
    probe.is_path_probe = true;
    recovery.note_sent(now, probe, limits);
    fly(4);
    wait(80);
  }
  void ack_bytes(std::uint32_t to, std::uint32_t sack_begin, std::uint32_t sack_end) {
    const Sequence first{kFirst};
    const SequenceRange block{first + sack_begin, first + sack_end};
    static_cast<void>(recovery.on_ack(now, first + to, {&block, 1}, limits, false, false));
  }
};

}  // namespace

TEST_CASE("RFC 4821, 7.6.2: a path probe that is lost alone is resent, and is no congestion") {
  Probing s;
  s.ack_bytes(3000, 4500, 7500);
  CHECK(is(s.send(), Kind::kResend, 3000, 4500));
  CHECK(s.send().kind == Kind::kNone);
  CHECK(s.recovery.is_open());
  CHECK(fake::congested.losses == 0);
  CHECK(fake::congested.ranges.empty());
  for (const auto& event : fake::congested.acks) CHECK(event.newly_lost == 0);
  s.wait(80);
  static_cast<void>(s.recovery.on_ack(s.now, Sequence{kFirst} + 8500U, {}, s.limits, false, false));
  CHECK(s.recovery.flight().is_empty());
  CHECK(fake::congested.losses == 0);
}

TEST_CASE("RFC 4821, 7.6.2: likewise when time tells") {
  Probing s;
  s.ack_bytes(3000, 4500, 5500);
  CHECK(s.send().kind == Kind::kNone);
  s.to_deadline();
  CHECK(is(s.send(), Kind::kResend, 3000, 4500));
  CHECK(fake::congested.losses == 0);
}

TEST_CASE("RFC 4821, 7.6.4: a probe that is lost with others is congestion") {
  Probing s;
  s.ack_bytes(2000, 4500, 7500);
  CHECK(is(s.send(), Kind::kResend, 2000, 3000));
  CHECK(!s.recovery.is_open());
  CHECK(fake::congested.losses == 1);
}

TEST_CASE("RFC 4821, 7.6.2: what is lost after a probe is congestion") {
  Probing s;
  s.ack_bytes(3000, 4500, 7500);
  CHECK(s.send().kind == Kind::kResend);
  s.fly(4);
  s.wait(80);
  s.ack_bytes(7500, 8500, 12'500);
  CHECK(is(s.send(), Kind::kResend, 7500, 8500));
  CHECK(fake::congested.losses == 1);
}

TEST_CASE("RFC 7661: congestion control rests when all is acknowledged, and was idle then") {
  Known s;
  fake::congested.window = 1 << 20;
  s.write(20'000);
  for (int i = 0; i < 2; ++i) static_cast<void>(s.send_all());
  s.wait(80);
  static_cast<void>(s.ack(21));
  CHECK(fake::congested.acks.size() == 1);
  s.fly(1);
  s.wait(80);
  static_cast<void>(s.ack(22));
  CHECK(fake::congested.acks.size() == 1);
  CHECK(fake::congested.sends == 0);
  s.write(20'000);
  static_cast<void>(s.send_all());
  CHECK(fake::congested.sends == 1);
  s.wait(80);
  static_cast<void>(s.ack(42));
  REQUIRE(fake::congested.acks.size() == 2);
  CHECK(fake::congested.acks[1].delivered == 42'000);
  CHECK(fake::congested.acks[1].rate.is_app_limited);
}

TEST_CASE("over a short path bursts are the device's longest segment, or fifty milliseconds") {
  struct Path {
    std::uint64_t round_trip_us;
    std::uint64_t rate;
    std::uint32_t burst;
  };
  for (const Path& path :
       {Path{100, 10'000'000, 64'000}, Path{600, 10'000'000, 32'000},
        Path{1600, 10'000'000, 10'000}, Path{100, 1'000'000, 50'000}, Path{100, 10'000, 2000}}) {
    CAPTURE(path.round_trip_us);
    CAPTURE(path.rate);
    Script s;
    s.fly(1);
    s.now = s.now + microseconds(path.round_trip_us);
    static_cast<void>(s.ack(1));
    fake::congested.window = 1 << 30;
    fake::congested.pacing_rate = path.rate;
    s.write(70'000);
    for (int i = 0; i < 2; ++i) static_cast<void>(s.send_all());  // slow start's first flights
    s.write(200'000);
    CHECK(s.send().range.bytes() == path.burst);
  }
}

TEST_CASE("RFC 1191, 6.3: what a router couldn't pass on is resent in shorter segments") {
  Known s;
  s.fly(4);
  s.recovery.set_mss(500);
  s.limits.longest = 500;
  s.recovery.resend_long_segments();
  CHECK(s.recovery.in_flight() == 0);
  std::uint32_t sent = 0;
  for (const NextSegment& segment : s.send_all()) {
    CHECK(segment.kind == Kind::kResend);
    CHECK(segment.range.bytes() <= 500);
    sent += segment.range.bytes();
  }
  CHECK(sent == 4000);
  CHECK(fake::congested.losses == 0);
}

TEST_CASE("what is sent again is paced as new data is") {
  Known s;
  fake::congested.window = 200 * kMss;
  s.fly(200);
  s.wait(80);
  fake::congested.pacing_rate = 4'000'000;  // 4,000 bytes a millisecond
  static_cast<void>(s.ack(1, {{60, 201}}));
  std::uint32_t resent = 0;
  while (resent < 59 * kMss) {
    std::uint32_t burst = 0;
    for (const NextSegment& segment : s.send_all()) {
      REQUIRE(segment.kind == Kind::kResend);
      burst += segment.range.bytes();
    }
    CHECK(burst <= (10 + 4) * kMss);  // an initial window that flies alone is free
    resent += burst;
    REQUIRE(s.recovery.deadline() > s.now);
    static_cast<void>(s.to_deadline());
  }
  CHECK(resent == 59 * kMss);
}
