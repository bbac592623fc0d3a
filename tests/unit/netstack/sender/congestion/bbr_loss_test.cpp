// BBR and loss, event by event: draft-ietf-ccwg-bbr-06, 5.3.1.3, 5.5.10, 5.5.11 and 5.6.4.4.
#include <doctest/doctest.h>

#include "netstack/sender/congestion/bbr.hpp"
#include "tests/unit/netstack/sender/bottleneck.hpp"

using namespace mote;
using namespace mote::netstack;
using namespace mote::test;

namespace {

using State = Bbr::State;

// A path of 1 MB/s and 100 ms, whose ACKs this tells one by one: 69 segments are its product.
struct Path {
  Bbr bbr;
  Nanoseconds now = milliseconds(1'000);
  std::uint64_t delivered = 0;
  std::uint32_t in_flight = 69 * kMss;
  std::uint64_t rate = 1'000'000;
  Nanoseconds rtt = milliseconds(100);
  std::uint32_t lost = 0;  // in the last round trip
  bool in_recovery = false;
  bool is_marked = false;

  explicit Path(bool has_selective_acks = true) {
    bbr.begin(now, kMss, milliseconds(100), has_selective_acks);
  }
  void ack() {
    now = now + Nanoseconds{1'448'000};
    AckEvent event;
    event.now = now;
    event.rate.prior_delivered = delivered > in_flight ? delivered - in_flight : 0;
    delivered += kMss;
    event.delivered = delivered;
    event.newly_delivered = kMss;
    event.in_flight = in_flight;
    event.rtt = rtt;
    event.rate.bytes_per_second = rate;
    event.rate.delivered = static_cast<std::uint32_t>(delivered - event.rate.prior_delivered);
    event.rate.lost = lost;
    event.rate.sent_in_flight = in_flight;
    event.in_recovery = in_recovery;
    event.is_congestion_marked = is_marked;
    bbr.on_ack(event);
  }
  void round() {
    for (std::uint32_t i = 0; i < in_flight / kMss; ++i) ack();
  }
  void enter_recovery() {
    in_recovery = true;
    bbr.on_loss(now);
  }
  void lose_range(std::uint32_t lost_since) {
    bbr.on_range_lost({now, delivered, kMss, lost_since, in_flight, false});
  }
  bool reach(State state) {
    for (int i = 0; i < 5'000 && bbr.state() != state; ++i) ack();
    return bbr.state() == state;
  }
};

}  // namespace

TEST_CASE("six lost ranges and more than two in a hundred end Startup (5.3.1.3)") {
  const auto state_after = [](int ranges, std::uint32_t lost, bool in_recovery) {
    Path path;
    path.rate = 100'000;
    for (int i = 0; i < 3; ++i) {
      path.round();
      path.rate = path.rate * 3 / 2;
    }
    if (in_recovery) path.enter_recovery();
    for (int i = 0; i < ranges; ++i) path.lose_range(lost);
    path.lost = lost;
    path.round();
    path.ack();
    path.ack();
    return path.bbr.state();
  };
  CHECK(state_after(6, 2 * kMss, true) != State::kStartup);
  CHECK(state_after(5, 2 * kMss, true) == State::kStartup);   // too few ranges
  CHECK(state_after(6, 1 * kMss, true) == State::kStartup);   // one of 69: 1.4 %
  CHECK(state_after(6, 2 * kMss, false) == State::kStartup);  // not in recovery
}

TEST_CASE("without selective ACKs one loss in recovery ends Startup (5.3.1.3)") {
  for (const bool has_selective_acks : {false, true}) {
    Path path(has_selective_acks);
    path.round();
    path.rate = 1'500'000;
    path.enter_recovery();
    path.lose_range(kMss);
    path.lost = kMss;
    path.round();
    path.ack();
    CHECK((path.bbr.state() == State::kStartup) == has_selective_acks);
  }
}

TEST_CASE("an ECN mark ends Startup, and a probe (3.7)") {
  Path path;
  path.round();
  path.rate = 1'500'000;
  path.is_marked = true;
  path.ack();
  path.is_marked = false;
  path.round();
  path.ack();
  CHECK(path.bbr.state() != State::kStartup);
  path.rate = 1'000'000;
  CHECK(path.reach(State::kProbeBwUp));
  path.is_marked = true;
  path.ack();
  CHECK(path.bbr.state() != State::kProbeBwUp);
}

TEST_CASE("too much loss in ProbeBW_UP sets inflight_longterm and goes down (5.5.10.2)") {
  Path path;
  REQUIRE(path.reach(State::kProbeBwUp));
  path.enter_recovery();
  path.in_flight = 80 * kMss;
  path.lose_range(kMss);  // one of 80: little
  CHECK(path.bbr.state() == State::kProbeBwUp);
  CHECK(path.bbr.inflight_longterm() == ~0U);
  path.lose_range(2 * kMss);
  CHECK(path.bbr.state() == State::kProbeBwDown);
  // 79 segments before the second one's, of them one lost: (0.02 * 79 - 1) / 0.98 more fitted.
  CHECK(path.bbr.inflight_longterm() == (79 * kMss) + (79 * kMss - 50 * kMss) / 49);
}

TEST_CASE("a spurious loss in ProbeBW_UP is undone: the probe begins anew (5.5.11)") {
  Path path;
  REQUIRE(path.reach(State::kProbeBwUp));
  path.enter_recovery();
  path.in_flight = 80 * kMss;
  path.lose_range(3 * kMss);
  REQUIRE(path.bbr.state() == State::kProbeBwDown);
  path.bbr.undo();
  CHECK(path.bbr.state() == State::kProbeBwRefill);
  CHECK(path.bbr.inflight_longterm() == ~0U);
}

TEST_CASE("a range that is lost before recovery begins is undone as well") {
  Path path;
  REQUIRE(path.reach(State::kProbeBwUp));
  path.lose_range(3 * kMss);
  REQUIRE(path.bbr.state() == State::kProbeBwDown);
  path.enter_recovery();
  path.bbr.undo();
  CHECK(path.bbr.state() == State::kProbeBwRefill);
  CHECK(path.bbr.inflight_longterm() == ~0U);
}

TEST_CASE("a spurious loss in Startup is undone: back to Startup (5.5.11)") {
  Path path;
  path.round();
  path.rate = 1'500'000;
  path.enter_recovery();
  for (int i = 0; i < 6; ++i) path.lose_range(6 * kMss);
  path.lost = 6 * kMss;
  path.round();
  path.ack();
  REQUIRE(path.bbr.state() != State::kStartup);
  REQUIRE(path.bbr.inflight_longterm() != ~0U);
  path.bbr.undo();
  CHECK(path.bbr.state() == State::kStartup);
  CHECK(path.bbr.inflight_longterm() == ~0U);
}

TEST_CASE("loss while cruising lowers bw_shortterm to what arrives, 0.7 at most (5.5.10.3)") {
  Path path;
  REQUIRE(path.reach(State::kProbeBwCruise));
  CHECK(path.bbr.bw_shortterm() == Bandwidth::infinite());
  const Bandwidth before = path.bbr.max_bandwidth();
  SUBCASE("to what arrives") {
    path.rate = 900'000;
    path.round();
    path.round();
    path.enter_recovery();
    path.lose_range(2 * kMss);
    path.lost = 2 * kMss;
    path.round();
    path.ack();
    path.ack();
    CHECK(path.bbr.bw_shortterm() == Bandwidth::from(900'000));
  }
  SUBCASE("not for one of 69 segments without a queue: random losses don't add up") {
    path.rate = 900'000;
    for (int i = 0; i < 20; ++i) {
      path.enter_recovery();
      path.lose_range(kMss);
      path.lost = kMss;
      path.round();
    }
    CHECK(path.bbr.bw_shortterm() == Bandwidth::infinite());
  }
  SUBCASE("for the same with a queue") {
    path.rtt = milliseconds(120);
    path.rate = 900'000;
    path.round();
    path.round();
    path.enter_recovery();
    path.lose_range(kMss);
    path.lost = kMss;
    path.round();
    path.ack();
    path.ack();
    CHECK(path.bbr.bw_shortterm() == Bandwidth::from(900'000));
  }
  SUBCASE("to 0.7") {
    path.rate = 100'000;
    path.round();
    path.round();
    path.enter_recovery();
    path.lose_range(2 * kMss);
    path.lost = 2 * kMss;
    path.round();
    path.ack();
    path.ack();
    CHECK(path.bbr.bw_shortterm() == before.percent(70));
  }
  CHECK(path.bbr.max_bandwidth() == before);
}

TEST_CASE("a loss while a queue stands bounds the window as CUBIC's, to what needs no queue") {
  Path path;
  REQUIRE(path.reach(State::kProbeBwCruise));
  path.rtt = milliseconds(120);
  path.in_flight = 82 * kMss;
  for (int i = 0; i < 4; ++i) path.round();
  const std::uint32_t before = path.bbr.window();
  SUBCASE("by 0.7") {
    path.enter_recovery();
    CHECK(path.bbr.coexistence().window() == before * 7 / 10);
    SUBCASE("and back where it was spurious") {
      path.bbr.undo();
      CHECK(path.bbr.coexistence().window() >= before);
    }
    SUBCASE("and grows as CUBIC's does") {
      path.round();
      path.round();
      path.round();
      CHECK(path.bbr.coexistence().window() > before * 7 / 10);
      CHECK(path.bbr.coexistence().window() <= before);
    }
  }
  SUBCASE("to the bandwidth-delay product, if that is more") {
    path.enter_recovery();
    path.enter_recovery();
    CHECK(path.bbr.coexistence().window() >= 100'000);
    CHECK(path.bbr.coexistence().window() < 100'100);
  }
  SUBCASE("but not once the queue is gone") {
    path.rtt = milliseconds(100);
    path.round();
    path.round();
    path.enter_recovery();
    CHECK(!path.bbr.coexistence().is_bounded());
  }
}

TEST_CASE("a timeout leaves one segment, and recovery's end what was before (5.6.4.4)") {
  Path path;
  REQUIRE(path.reach(State::kProbeBwCruise));
  path.round();
  const std::uint32_t before = path.bbr.window();
  path.bbr.on_timeout(path.now);
  CHECK(path.bbr.window() == kMss);
  path.ack();
  CHECK(path.bbr.window() >= 4 * kMss);  // MinPipeCwnd
  CHECK(path.bbr.window() < before / 4);
  path.bbr.on_recovered();
  CHECK(path.bbr.window() == before);
}

TEST_CASE("a spurious timeout is undone at once (5.5.11)") {
  Path path;
  REQUIRE(path.reach(State::kProbeBwCruise));
  path.round();
  const std::uint32_t before = path.bbr.window();
  path.bbr.on_timeout(path.now);
  path.bbr.undo();
  CHECK(path.bbr.window() == before);
}

TEST_CASE("long gaps between calls don't bring ProbeRTT, which short responses leave out") {
  Path path;
  REQUIRE(path.reach(State::kProbeBwCruise));
  path.now = path.now + milliseconds(60'000);
  path.delivered += 10'000'000'000;  // by responses that congestion control never saw
  const std::uint32_t usual = path.in_flight;
  path.in_flight = kMss;
  path.ack();
  CHECK(path.bbr.state() != State::kProbeRtt);
  path.in_flight = usual;
  path.round();
  path.round();
  CHECK(path.bbr.state() != State::kProbeRtt);
  CHECK(path.bbr.min_rtt() == milliseconds(100));
}

TEST_CASE("losses without a sample don't bring sending to a stop") {
  Path path;
  REQUIRE(path.reach(State::kProbeBwCruise));
  path.rate = 0;
  for (int i = 0; i < 20; ++i) {
    path.enter_recovery();
    path.lose_range(kMss);
    path.round();
    path.ack();
  }
  CHECK(path.bbr.pacing_rate() >= 4 * kMss);
  CHECK(path.bbr.window() >= 4 * kMss);
}

TEST_CASE("a spurious overflow leaves the bound beside CUBIC as it was") {
  Coexistence bound;
  bound.on_overflow(1000, 200'000, 10'000, 1000);
  const std::uint32_t before = bound.window();
  bound.on_overflow(1100, 200'000, 10'000, 1000);
  REQUIRE(bound.window() < before);
  bound.undo();
  CHECK(bound.window() == before);
  Coexistence first;
  first.on_overflow(1000, 200'000, 10'000, 1000);
  first.undo();
  CHECK_FALSE(first.is_bounded());
}
