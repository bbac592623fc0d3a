// HyStart++ by RFC 9406's sections.
#include "netstack/sender/congestion/hystart.hpp"

#include <doctest/doctest.h>

using namespace mote;
using namespace mote::netstack;

namespace {

// Rounds of ten ACKs, each for a thousand bytes, with what follows in flight.
struct Rounds {
  HyStart hystart;
  std::uint64_t delivered = 0;

  HyStart::Phase ack(std::uint64_t rtt_us, std::uint32_t in_flight = 9'000) {
    delivered += 1'000;
    AckEvent event;
    event.delivered = delivered;
    event.newly_delivered = 1'000;
    event.in_flight = in_flight;
    event.rtt = microseconds(rtt_us);
    return hystart.on_ack(event);
  }
  // The first ACK of a round sets its end ten ACKs later.
  HyStart::Phase round(std::uint64_t rtt_us, int acks = 10) {
    for (int i = 0; i < acks; ++i) ack(rtt_us);
    return hystart.phase();
  }
};

}  // namespace

TEST_CASE("a steady round trip never ends slow start (4.2)") {
  Rounds rounds;
  for (int i = 0; i < 100; ++i) CHECK(rounds.round(40'000) == HyStart::Phase::kSlowStart);
}

TEST_CASE("an eighth more delay begins conservative slow start, at the eighth sample (4.2)") {
  Rounds rounds;
  rounds.round(80'000);
  rounds.round(80'000);
  for (int i = 0; i < 7; ++i) CHECK(rounds.ack(90'001) == HyStart::Phase::kSlowStart);
  CHECK(rounds.ack(90'001) == HyStart::Phase::kConservative);
}

TEST_CASE("the threshold lies between 4 and 16 ms (4.3)") {
  const auto phase_after = [](std::uint64_t before_us, std::uint64_t after_us) {
    Rounds rounds;
    rounds.round(before_us);
    rounds.round(before_us);
    return rounds.round(after_us);
  };
  CHECK(phase_after(8'000, 11'900) == HyStart::Phase::kSlowStart);
  CHECK(phase_after(8'000, 12'000) == HyStart::Phase::kConservative);
  CHECK(phase_after(400'000, 415'900) == HyStart::Phase::kSlowStart);
  CHECK(phase_after(400'000, 416'000) == HyStart::Phase::kConservative);
}

TEST_CASE("fewer than eight samples say nothing (4.2)") {
  Rounds rounds;
  rounds.round(40'000);
  for (int i = 0; i < 20; ++i) {
    rounds.delivered += 1'000'000;
    for (int ack = 0; ack < 7; ++ack) {
      CHECK(rounds.ack(i % 2 == 0 ? 90'000 : 40'000, 7'000) == HyStart::Phase::kSlowStart);
    }
  }
}

TEST_CASE("five rounds of conservative slow start end it (4.2)") {
  Rounds rounds;
  rounds.round(40'000);
  rounds.round(40'000);
  rounds.round(60'000);
  for (int i = 0; i < 4; ++i) CHECK(rounds.round(60'000) == HyStart::Phase::kConservative);
  CHECK(rounds.round(60'000) == HyStart::Phase::kDone);
  CHECK(rounds.round(20'000) == HyStart::Phase::kDone);
}

TEST_CASE("delay that goes again resumes slow start, and is looked for anew (4.2)") {
  Rounds rounds;
  rounds.round(40'000);
  rounds.round(40'000);
  CHECK(rounds.round(60'000) == HyStart::Phase::kConservative);
  CHECK(rounds.round(41'000) == HyStart::Phase::kSlowStart);
  for (int i = 0; i < 20; ++i) CHECK(rounds.round(41'000) == HyStart::Phase::kSlowStart);
  CHECK(rounds.round(60'000) == HyStart::Phase::kConservative);
}

TEST_CASE("ACKs without a round trip count for nothing") {
  Rounds rounds;
  rounds.round(40'000);
  rounds.round(0);
  CHECK(rounds.round(0, 30) == HyStart::Phase::kSlowStart);
}
