// Loss recovery by script: segments out, ACKs in, rule by rule.
#include <doctest/doctest.h>

#include "tests/unit/netstack/sender/script.hpp"

using namespace mote;
using namespace mote::script;

TEST_CASE("a short reply is sent, acknowledged and forgotten") {
  Script s;
  for (std::uint32_t i = 0; i < 50; ++i) {
    s.write(700);
    const NextSegment segment = s.send();
    CHECK(is(segment, Kind::kNew, i * 700, (i + 1) * 700));
    CHECK(s.recovery.in_flight() == 700);
    s.wait(80);
    const auto result = s.recovery.on_ack(s.now, segment.range.end, {}, s.limits, true, false);
    CHECK(result.acknowledged == 700);
    CHECK(result.is_believed);
    CHECK(s.recovery.in_flight() == 0);
    CHECK(s.recovery.deadline() == Recovery::kNever);
  }
  CHECK(netstack::Flight::ranges_taken() == 0);
  CHECK(fake::congested.acks.empty());  // nothing that congestion control should know
  CHECK(s.recovery.round_trip().smoothed() == milliseconds(80));
}

TEST_CASE("RFC 9293, 3.8.6.2.1: all that is written goes, or whole segments") {
  Script s;
  s.write(3500);
  CHECK(is(s.send(), Kind::kNew, 0, 3500));
  s.limits.longest = 2 * kMss;
  s.write(3500);
  CHECK(is(s.send(), Kind::kNew, 3500, 5500));
  CHECK(is(s.send(), Kind::kNew, 5500, 7000));
  s.write(5000);
  CHECK(is(s.send(), Kind::kNew, 7000, 9000));
  // 1,000 bytes of the congestion window are left.
  CHECK(is(s.send(), Kind::kNew, 9000, 10000));
  CHECK(s.send().kind == Kind::kNone);
}

TEST_CASE("RFC 9293, 3.8.6.2.1: the window's rest is not sent as a small segment") {
  Script s;
  s.limits.window_edge = s.at(2) + 500;
  s.write(5000);
  CHECK(is(s.send(), Kind::kNew, 0, 2000));
  CHECK(s.send().kind == Kind::kNone);
  s.wait(10);
  static_cast<void>(s.ack(2));
  CHECK(s.send().kind == Kind::kNone);
  CHECK(s.to_deadline() == doctest::Approx(200));  // then it is
  CHECK(is(s.send(), Kind::kNew, 2000, 2500));
}

TEST_CASE("RFC 9293, 3.8.6.2.1: half of the largest window is a good segment") {
  Script s;
  s.limits.largest_window = 600;
  s.limits.window_edge = {kFirst + 299};
  s.write(5000);
  CHECK(s.send().kind == Kind::kNone);
  s.limits.window_edge = {kFirst + 300};
  CHECK(is(s.send(), Kind::kNew, 0, 300));
}

TEST_CASE("RFC 9293, 3.8.6.1: a shut window is probed, for ever while the peer answers") {
  Script s;
  s.limits.window_edge = s.at(0);
  s.write(5000);
  double before = 0;
  for (int i = 0; i < 100; ++i) {
    CHECK(s.send().kind == Kind::kNone);
    const double waited = s.to_deadline();
    REQUIRE(s.is_alive);
    CHECK(waited >= before);
    CHECK(waited <= 60'000);
    before = waited;
    const NextSegment probe = s.send();
    CHECK(probe.kind == Kind::kProbe);
    CHECK(probe.range.begin == Sequence{kFirst - 1});
    CHECK(probe.range.empty());
    static_cast<void>(s.ack(0));
  }
  CHECK(before == 60'000);
  s.limits.window_edge = s.at(5);
  static_cast<void>(s.ack(0));
  CHECK(is(s.send(), Kind::kNew, 0, 5000));
  CHECK(s.to_deadline() <= 1000);  // the probes' backing off is over
}

TEST_CASE("RFC 9293, 3.8.3: a peer that answers no probe is given up") {
  Script s;
  s.limits.window_edge = s.at(0);
  s.write(5000);
  int tries = 0;
  while (s.is_alive && tries < 100) {
    static_cast<void>(s.send());
    s.to_deadline();
    ++tries;
  }
  CHECK(tries == Recovery::kMostTries + 1);
}

TEST_CASE("RFC 9293, 3.8.6: what lies behind a shrunk window's edge isn't resent") {
  Script s;
  s.fly(4);
  s.limits.window_edge = s.at(2);
  s.to_deadline();  // a tail loss probe
  static_cast<void>(s.send());
  s.to_deadline();
  const std::vector<NextSegment> resent = s.send_all();
  REQUIRE(resent.size() == 1);
  CHECK(is(resent[0], Kind::kResend, 0, 1000));
  s.wait(10);
  static_cast<void>(s.ack(1));
  CHECK(is(s.send(), Kind::kResend, 1000, 2000));
  static_cast<void>(s.ack(2));
  CHECK(s.send().kind == Kind::kNone);
  s.to_deadline();
  CHECK(s.send().kind == Kind::kProbe);
  s.limits.window_edge = s.at(20);
  static_cast<void>(s.ack(2));
  CHECK(is(s.send(), Kind::kResend, 2000, 3000));
  CHECK(is(s.send(), Kind::kResend, 3000, 4000));
}

TEST_CASE("RFC 6298, 5: timeouts double to a minute; R2 ends them") {
  Script s;
  s.fly(1);
  CHECK(s.to_deadline() == 1000);  // a tail loss probe, without a round trip known
  CHECK(is(s.send(), Kind::kResend, 0, 1000));
  double expected = 1000;
  int timeouts = 0;
  while (s.is_alive && timeouts < 100) {
    CHECK(s.to_deadline() == expected);
    expected = std::min(2 * expected, 60'000.0);
    ++timeouts;
    if (s.is_alive) {
      CHECK(is(s.send(), Kind::kResend, 0, 1000));
      CHECK(s.send().kind == Kind::kNone);
    }
  }
  CHECK(timeouts <= Recovery::kMostTries + 1);
  CHECK(timeouts >= 10);
  CHECK(fake::congested.timeouts == 1);  // RFC 5681, 3.1: ssthresh once
}

TEST_CASE("RFC 6298, 5.7: after a timeout one segment, then the rest as the window grows") {
  Script s;
  s.fly(8);
  s.to_deadline();
  static_cast<void>(s.send());  // the tail loss probe
  s.to_deadline();
  CHECK(is(s.send(), Kind::kResend, 0, 1000));
  CHECK(s.send().kind == Kind::kNone);
  CHECK(s.recovery.in_flight() == 1000);
  s.wait(50);
  static_cast<void>(s.ack(1));
  CHECK(is(s.send(), Kind::kResend, 1000, 3000));
  CHECK(s.send().kind == Kind::kNone);
  s.wait(50);
  static_cast<void>(s.ack(3));
  CHECK(is(s.send(), Kind::kResend, 3000, 7000));
  s.wait(50);
  static_cast<void>(s.ack(7));
  CHECK(is(s.send(), Kind::kResend, 7000, 8000));
  s.wait(50);
  static_cast<void>(s.ack(8));
  CHECK(fake::congested.recoveries == 1);
  CHECK(s.recovery.deadline() == Recovery::kNever);
  CHECK(netstack::Flight::ranges_taken() == 0);
}

TEST_CASE("congestion control begins once, however often the connection is warm") {
  Known s;
  fake::congested.window = 100 * kMss;
  CHECK(fake::congested.begins == 0);
  for (const std::uint32_t end : {21, 41, 61}) {
    s.fly(20);
    s.wait(80);
    static_cast<void>(s.ack(end));
    CHECK(s.recovery.flight().is_empty());
    CHECK(fake::congested.begins == 1);
  }
}

TEST_CASE("a peer that is gone holds no ranges after the second timeout") {
  for (const bool sack : {false, true}) {
    CAPTURE(sack);
    Script s(sack);
    fake::congested.window = 100 * kMss;
    s.fly(60, 1);
    static_cast<void>(s.ack(10, {{12, 15}, {20, 30}}));
    CHECK(netstack::Flight::ranges_taken() > 30);
    for (int i = 0; i < 10 && s.recovery.timeouts() < 2; ++i) {
      s.to_deadline();
      static_cast<void>(s.send_all());
    }
    REQUIRE(s.recovery.timeouts() == 2);
    CHECK(netstack::Flight::ranges_taken() <= 5);
    static_cast<void>(s.ack(60));
    CHECK(s.recovery.flight().is_empty());
  }
}

TEST_CASE("RFC 6298, 3: resent data gives no round trip (Karn's algorithm)") {
  Script s;
  s.fly(1);
  s.wait(100);
  static_cast<void>(s.ack(1));
  s.fly(1);
  s.to_deadline();
  static_cast<void>(s.send());
  s.wait(1);
  static_cast<void>(s.ack(2));
  CHECK(s.recovery.round_trip().smoothed() == milliseconds(100));
}

TEST_CASE("RFC 8985, 6.2: a hole with three segments behind it is lost at once") {
  Script s;
  s.fly(8);
  s.wait(80);
  static_cast<void>(s.ack(0, {{1, 2}}));
  CHECK(fake::congested.losses == 0);
  static_cast<void>(s.ack(0, {{1, 3}}));
  CHECK(fake::congested.losses == 0);
  static_cast<void>(s.ack(0, {{1, 4}}));
  CHECK(fake::congested.losses == 1);
  CHECK(fake::congested.lost == 1000);
  CHECK(is(s.send(), Kind::kResend, 0, 1000));
  CHECK(s.recovery.flight().lost() == 0);
  static_cast<void>(s.ack(0, {{1, 8}}));
  s.wait(80);
  static_cast<void>(s.ack(8));
  CHECK(fake::congested.recoveries == 1);
  CHECK(netstack::Flight::ranges_taken() == 0);
}

TEST_CASE("RFC 8985, 6.2: one segment behind a hole waits for a quarter of the round trip") {
  Script s;
  s.fly(2);
  s.wait(80);
  static_cast<void>(s.ack(0, {{1, 2}}));
  CHECK(s.send().kind == Kind::kNone);
  CHECK(s.to_deadline() == doctest::Approx(20));
  CHECK(fake::congested.losses == 1);
  CHECK(is(s.send(), Kind::kResend, 0, 1000));
}

TEST_CASE("RFC 8985, 6.2: a lost resend is resent by time") {
  Script s;
  s.fly(8);
  s.wait(80);
  static_cast<void>(s.ack(0, {{1, 5}}));
  CHECK(is(s.send(), Kind::kResend, 0, 1000));
  s.write(2000);
  CHECK(s.send_all().size() == 1);  // two new segments, behind the resend
  s.wait(80);
  static_cast<void>(s.ack(0, {{1, 8}}));
  CHECK(s.send().kind == Kind::kNone);
  static_cast<void>(s.ack(0, {{1, 10}}));
  CHECK(is(s.send(), Kind::kResend, 0, 1000));
  CHECK(fake::congested.losses == 1);
}

TEST_CASE("RFC 8985, 7.2 and 7.3: the tail is probed after two round trips") {
  Known s;
  s.fly(4);
  CHECK(s.to_deadline() == doctest::Approx(165));
  CHECK(is(s.send(), Kind::kResend, 4000, 5000));
  CHECK(s.send().kind == Kind::kNone);
  // The probe's SACK tells what is missing.
  s.wait(80);
  static_cast<void>(s.ack(2, {{4, 5}}));
  CHECK(is(s.send(), Kind::kResend, 2000, 4000));
}

TEST_CASE("RFC 8985, 7.2: one segment's ACK may be delayed by 200 ms") {
  Script s;
  s.fly(1);
  s.wait(20);
  static_cast<void>(s.ack(1));
  s.fly(1);
  CHECK(s.to_deadline() == doctest::Approx(220));  // the timeout, which is less than 240
  CHECK(is(s.send(), Kind::kResend, 1000, 2000));
  CHECK(fake::congested.timeouts == 0);
}

TEST_CASE("RFC 8985, 7.3: new data is the better probe") {
  Known s;
  s.fly(10);
  s.write(5000);
  CHECK(s.send().kind == Kind::kNone);
  s.to_deadline();
  CHECK(is(s.send(), Kind::kNew, 11000, 12000));
  CHECK(s.send().kind == Kind::kNone);
}

TEST_CASE("RFC 8985, 7.4.2: a loss that the probe repaired counts for congestion control") {
  Known s;
  s.fly(2);
  s.to_deadline();
  CHECK(s.send().kind == Kind::kResend);
  s.wait(80);
  static_cast<void>(s.ack(3));
  CHECK(fake::congested.losses == 0);
  s.fly(1);
  s.wait(80);
  static_cast<void>(s.ack(4));
  CHECK(fake::congested.losses == 1);
  CHECK(fake::congested.recoveries == 1);
}

TEST_CASE("RFC 8985, 7.4.2: not when D-SACK says that the probe was needless") {
  Known s;
  s.fly(2);
  s.to_deadline();
  CHECK(s.send().kind == Kind::kResend);
  static_cast<void>(s.ack(3));
  static_cast<void>(s.ack(3, {{2, 3}}));
  s.fly(1);
  s.wait(80);
  static_cast<void>(s.ack(4));
  CHECK(fake::congested.losses == 0);
}

TEST_CASE("an ACK of what was never sent is not believed") {
  Script s;
  s.fly(2);
  CHECK(!s.ack(3).is_believed);
  CHECK(s.recovery.in_flight() == 2000);
  CHECK(s.ack(2).is_believed);
  CHECK(!s.ack(3).is_believed);
}

TEST_CASE("RFC 2018, 4: SACK blocks outside of what is in flight are ignored") {
  Script s;
  s.fly(4);
  s.wait(80);
  static_cast<void>(s.ack(1, {{0, 2}, {1, 3}, {3, 9}, {6, 8}}));
  CHECK(s.recovery.flight().sacked() == 0);
  static_cast<void>(s.ack(1, {{3, 2}, {2, 2}}));
  CHECK(s.recovery.flight().sacked() == 0);
  CHECK(s.recovery.flight().adds_up());
  static_cast<void>(s.ack(1, {{3, 4}}));
  CHECK(s.recovery.flight().sacked() == 1000);
}

TEST_CASE("RFC 2018, 8: a peer that drops what it had gets it again") {
  Script s;
  s.fly(6);
  s.wait(80);
  static_cast<void>(s.ack(0, {{1, 5}}));
  CHECK(is(s.send(), Kind::kResend, 0, 1000));
  s.wait(80);
  static_cast<void>(s.ack(1));  // it should acknowledge 5
  CHECK(s.recovery.flight().sacked() == 0);
  std::uint32_t resent = 0;
  for (int i = 0; i < 10 && s.recovery.in_flight() + s.recovery.flight().lost() != 0; ++i) {
    for (const NextSegment& segment : s.send_all()) {
      resent += segment.range.bytes();
    }
    s.to_deadline();
  }
  CHECK(resent >= 4000);
  CHECK(s.ack(6).acknowledged == 5000);
}

TEST_CASE("three SACKed segments show a loss after 2 GiB of single segments, too") {
  for (const std::uint32_t segments : {10'000U, 2'200'000U}) {
    CAPTURE(segments);
    Known s;
    s.fly_and_acknowledge(segments);
    fake::congested.window = 20 * kMss;
    s.fly(12);
    s.wait(1);
    static_cast<void>(s.ack(segments, {{segments + 1, segments + 5}}));
    CHECK(fake::congested.losses == 1);
  }
}
