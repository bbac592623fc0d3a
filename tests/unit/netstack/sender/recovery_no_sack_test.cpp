// Peers without SACK (RFC 5681, RFC 6582): what is resent, and when.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "tests/unit/netstack/sender/script.hpp"

using namespace mote;
using namespace mote::script;

namespace {

// What a peer without SACK has of `segments` in flight, all but these, and what it is sent.
class Holes {
 public:
  Holes(std::uint32_t segments, std::set<std::uint32_t> missing)
      : script_(false), missing_(std::move(missing)), end_(segments) {
    fake::congested.window = segments * kMss;
    script_.fly(static_cast<int>(segments));
    fake::congested.window = kMss;
    fake::congested.window_before = segments * kMss;
  }

  // Each round trip of a millisecond, until all has come or so many are over. Returns the segments
  // that were resent.
  std::uint32_t repair(int rounds) {
    std::uint32_t resent = 0;
    script_.to_deadline();
    for (; rounds > 0 && next() != end_; --rounds) {
      const std::vector<NextSegment> segments = script_.send_all();
      script_.wait(1);
      for (const NextSegment& segment : segments) {
        REQUIRE(segment.kind == Kind::kResend);
        for (std::uint32_t at = Script::offset(segment.range.begin);
             at < Script::offset(segment.range.end); at += kMss) {
          ++resent;
          missing_.erase(at / kMss);
          static_cast<void>(script_.ack(next()));
        }
      }
    }
    CHECK(next() == end_);
    CHECK(fake::congested.timeouts == 1);
    return resent;
  }

 private:
  [[nodiscard]] std::uint32_t next() const { return missing_.empty() ? end_ : *missing_.begin(); }

  Script script_;
  std::set<std::uint32_t> missing_;
  std::uint32_t end_;
};

}  // namespace

TEST_CASE("RFC 3042 and RFC 5681, 3.2: two duplicate ACKs let new data go, the third resends") {
  Known s(false);
  s.fly(10);
  s.write(9000);
  CHECK(s.send().kind == Kind::kNone);
  s.wait(80);
  static_cast<void>(s.ack(1));
  CHECK(is(s.send(), Kind::kNew, 11000, 12000));
  static_cast<void>(s.ack(1));
  CHECK(is(s.send(), Kind::kNew, 12000, 13000));
  CHECK(fake::congested.losses == 0);
  static_cast<void>(s.ack(1));
  CHECK(fake::congested.losses == 1);
  CHECK(is(s.send(), Kind::kResend, 1000, 2000));
}

TEST_CASE("RFC 5681, 2: what carries data or moves the window is no duplicate ACK") {
  Known s(false);
  s.fly(6);
  for (int i = 0; i < 5; ++i) {
    static_cast<void>(s.ack(1, {}, true));
  }
  for (int i = 0; i < 5; ++i) {
    s.limits.window_edge = s.limits.window_edge + 1;
    static_cast<void>(s.ack(1));
  }
  CHECK(fake::congested.losses == 0);
}

TEST_CASE("RFC 6582, 3.2: a partial ACK resends the next hole, a full one ends recovery") {
  Known s(false);
  s.fly(8);
  s.wait(80);
  for (int i = 0; i < 3; ++i) {
    static_cast<void>(s.ack(1));
  }
  CHECK(is(s.send(), Kind::kResend, 1000, 2000));
  s.wait(80);
  static_cast<void>(s.ack(4));
  CHECK(is(s.send(), Kind::kResend, 4000, 5000));
  CHECK(fake::congested.losses == 1);
  s.wait(80);
  static_cast<void>(s.ack(9));
  CHECK(fake::congested.recoveries == 1);
  CHECK(s.recovery.in_flight() == 0);
}

TEST_CASE("RFC 9293, 3.8.3: who answers each timeout with a duplicate ACK is given up") {
  Script s(false);
  s.fly(3);
  const Nanoseconds begun = s.now;
  int timeouts = 0;
  while (s.is_alive && timeouts < 100) {
    s.to_deadline();
    ++timeouts;
    static_cast<void>(s.send_all());
    static_cast<void>(s.ack(0));
  }
  CHECK(!s.is_alive);
  CHECK(s.now - begun >= milliseconds(100'000));
  CHECK(s.now - begun <= milliseconds(14 * 60'000));
}

TEST_CASE("RFC 6582, 3.2, step 3: without SACK only the first partial ACK starts the timer anew") {
  Script s(false);
  s.fly(10, 10);
  static_cast<void>(s.ack(0));  // tells the window
  for (int i = 0; i < 3; ++i) static_cast<void>(s.ack(0));
  CHECK(s.send().range.begin == s.at(0));
  const Nanoseconds at_first = s.recovery.deadline();
  s.wait(100);
  static_cast<void>(s.ack(1));
  CHECK(s.send().range.begin == s.at(1));
  const Nanoseconds after_partial = s.recovery.deadline();
  CHECK(after_partial >= at_first + milliseconds(100));
  s.wait(100);
  static_cast<void>(s.ack(2));
  CHECK(s.send().range.begin == s.at(2));
  CHECK(s.recovery.deadline() == after_partial);
}

TEST_CASE("after a timeout a hole doesn't have all behind it resent once more") {
  Script s(false);
  fake::congested.window = 100 * kMss;
  s.fly(50);
  s.to_deadline();
  fake::congested.window = 4 * kMss;
  fake::congested.window_before = 0;
  std::uint32_t resent = 0;
  for (int i = 0; i < 40; ++i) {
    for (const NextSegment& segment : s.send_all()) resent += segment.range.bytes();
    static_cast<void>(s.ack(0));
  }
  CHECK(resent == 4 * kMss);
}

TEST_CASE("RFC 6582, 4: while partial ACKs show that more arrived than was resent, all do") {
  Script s(false);
  fake::congested.window = 20 * kMss;
  s.fly(20);
  static_cast<void>(s.ack(0));  // tells the window
  for (int i = 0; i < 3; ++i) static_cast<void>(s.ack(0));
  CHECK(s.send().range.begin == s.at(0));
  for (std::uint32_t hole = 3; hole < 18; hole += 3) {
    s.wait(100);
    const Nanoseconds before = s.recovery.deadline();
    static_cast<void>(s.ack(hole));
    CHECK(s.send().range.begin == s.at(hole));
    CHECK(s.recovery.deadline() >= before + milliseconds(100));
  }
  CHECK(fake::congested.losses == 1);
  CHECK(fake::congested.timeouts == 0);
}

TEST_CASE("after a timeout only holes are resent, where ACKs show that the rest arrived") {
  CHECK(Holes(100, {0, 20, 21, 50, 99}).repair(10) <= 5 + 2);
  std::set<std::uint32_t> scattered;
  for (std::uint32_t at = 0; at < 200; at += 10) scattered.insert(at);
  CHECK(Holes(200, scattered).repair(20) == 20);
}

TEST_CASE("after a timeout what was lost in one piece is resent ever faster") {
  std::set<std::uint32_t> piece;
  for (std::uint32_t at = 20; at < 84; ++at) piece.insert(at);
  CHECK(Holes(200, piece).repair(12) <= 1 + 2 * 64);
  piece.insert(0);
  CHECK(Holes(200, piece).repair(12) <= 2 * 65);
}

TEST_CASE("three duplicate ACKs resend after 2 GiB without a loss, too") {
  for (const std::uint32_t segments : {10'000U, 2'200'000U}) {
    CAPTURE(segments);
    Known s(false);
    s.fly_and_acknowledge(segments);
    s.fly(10);
    s.wait(80);
    for (int i = 0; i < 3; ++i) static_cast<void>(s.ack(segments));
    CHECK(fake::congested.losses == 1);
  }
}
