// BBR by draft-ietf-ccwg-bbr-06's sections, through a bottleneck in virtual time.
#include "netstack/sender/congestion/bbr.hpp"

#include <doctest/doctest.h>

#include <set>

#include "tests/unit/netstack/sender/bottleneck.hpp"

using namespace mote;
using namespace mote::netstack;
using namespace mote::test;

namespace {

using State = Bbr::State;

Line line_of(double products, std::uint64_t rtt_ms = 80) {
  Line line{.round_trip = milliseconds(rtt_ms)};
  line.queue = static_cast<std::uint32_t>(static_cast<double>(line.product()) * products);
  return line;
}

// Hundredths of the line that a flow gets.
std::uint64_t share(Bottleneck& bottleneck, const Flow& flow, const Line& line,
                    std::uint64_t seconds) {
  const std::uint64_t before = flow.delivered;
  bottleneck.run_for(milliseconds(seconds * 1'000));
  return (flow.delivered - before) * 100 / (seconds * line.rate);
}

}  // namespace

TEST_CASE("Startup doubles each round, and finds the bandwidth within five in a hundred (5.3.1)") {
  for (const double products : {0.5, 1.0, 4.0}) {
    const Line line = line_of(products);
    Bottleneck bottleneck(line);
    Flow& flow = bottleneck.add(CongestionControl::kBbr);
    // 10 segments a round trip to 690: about seven rounds, and three to be sure.
    bottleneck.run_for(milliseconds(1'400));
    const Bbr& bbr = flow.congestion.bbr();
    CHECK(bbr.state() != State::kStartup);
    CHECK(bbr.max_bandwidth().bytes_per_second() > line.rate * 95 / 100);
    CHECK(bbr.max_bandwidth().bytes_per_second() < line.rate * 105 / 100);
    CHECK(bbr.min_rtt() >= milliseconds(80));
    CHECK(bbr.min_rtt() < milliseconds(81));
  }
}

TEST_CASE("ProbeBW goes Down, Cruise, Refill, Up, and no other way (5.3.3)") {
  Bottleneck bottleneck(line_of(1));
  Flow& flow = bottleneck.add(CongestionControl::kBbr);
  std::set<std::pair<State, State>> steps;
  State last = State::kStartup;
  flow.watch = [&](const AckEvent&) {
    const State state = flow.congestion.bbr().state();
    if (state != last) steps.insert({last, state});
    last = state;
  };
  bottleneck.run_for(milliseconds(30'000));
  const std::set<std::pair<State, State>> expected{
      {State::kStartup, State::kDrain},
      {State::kDrain, State::kProbeBwDown},
      {State::kDrain, State::kProbeBwCruise},  // with one ACK
      {State::kProbeBwDown, State::kProbeBwCruise},
      {State::kProbeBwCruise, State::kProbeBwRefill},
      {State::kProbeBwRefill, State::kProbeBwUp},
      {State::kProbeBwUp, State::kProbeBwDown},
      {State::kProbeBwDown, State::kProbeRtt},  // from each of them (5.3.4.1)
      {State::kProbeBwCruise, State::kProbeRtt},
      {State::kProbeBwRefill, State::kProbeRtt},
      {State::kProbeBwUp, State::kProbeRtt},
      {State::kProbeRtt, State::kProbeBwCruise},
  };
  for (const auto& [from, to] : steps) {
    CAPTURE(static_cast<int>(from));
    CAPTURE(static_cast<int>(to));
    CHECK(expected.contains({from, to}));
  }
  CHECK(steps.contains({State::kProbeBwRefill, State::kProbeBwUp}));
  CHECK(steps.contains({State::kProbeBwUp, State::kProbeBwDown}));
}

TEST_CASE("the line is used, with less than half of CUBIC's queue") {
  const auto mean_wait = [](CongestionControl algorithm, const Line& line, std::uint64_t least) {
    Bottleneck bottleneck(line);
    const Flow& flow = bottleneck.add(algorithm);
    bottleneck.run_for(milliseconds(5'000));
    static_cast<void>(bottleneck.mean_wait());
    CHECK(share(bottleneck, flow, line, 30) >= least);
    return bottleneck.mean_wait().value;
  };
  for (const std::uint64_t rtt_ms : {20, 80}) {
    for (const double products : {1.0, 4.0}) {
      CAPTURE(rtt_ms);
      CAPTURE(products);
      const Line line = line_of(products, rtt_ms);
      const std::uint64_t wait = mean_wait(CongestionControl::kBbr, line, 93);
      CHECK(wait * 2 < mean_wait(CongestionControl::kCubic, line, 97));
      CHECK(wait < milliseconds(12).value);
    }
  }
}

TEST_CASE("one segment lost in a hundred, at random, doesn't matter much (5.5.10)") {
  Line line = line_of(1);
  line.loss = 0.01;
  Bottleneck bottleneck(line);
  const Flow& flow = bottleneck.add(CongestionControl::kBbr);
  bottleneck.run_for(milliseconds(2'000));
  CHECK(share(bottleneck, flow, line, 60) >= 92);
  CHECK(flow.timeouts == 0);
}

TEST_CASE("with one lost in a hundred, 16 MiB take a twentieth of CUBIC's time") {
  const auto time_of = [](CongestionControl algorithm, unsigned seed) {
    Line line = line_of(1);
    line.loss = 0.01;
    Bottleneck bottleneck(line, seed);
    const Flow& flow = bottleneck.add(algorithm);
    const Nanoseconds from = bottleneck.now();
    while (flow.delivered < 16 << 20) bottleneck.run_for(milliseconds(10));
    return bottleneck.now() - from;
  };
  const Nanoseconds slowest = time_of(CongestionControl::kCubic, 1);
  for (const unsigned seed : {1, 2, 3, 4, 5, 6}) {
    const Nanoseconds time = time_of(CongestionControl::kBbr, seed);
    CHECK(time < milliseconds(2'100));
    CHECK(time.value * 20 < slowest.value);
  }
}

// It stands still for a quarter of the time, and finds a heap of ACKs whenever it goes on.
TEST_CASE("a sender whose host is busy keeps over half of its goodput") {
  const auto goodput = [](std::uint64_t rtt_ms, double loss, Nanoseconds runs_for) {
    std::uint64_t sum = 0;
    for (const unsigned seed : {1, 2, 3, 4}) {
      Line line = line_of(1, rtt_ms);
      line.loss = loss;
      line.runs_for = runs_for;
      Bottleneck bottleneck(line, seed);
      const Flow& flow = bottleneck.add(CongestionControl::kBbr);
      sum += share(bottleneck, flow, line, 30);
    }
    return sum / 4;
  };
  for (const double loss : {0.0, 0.001, 0.01}) {
    for (const std::uint64_t rtt_ms : {20, 80}) {
      CAPTURE(loss);
      CAPTURE(rtt_ms);
      CHECK(goodput(rtt_ms, loss, milliseconds(100)) * 2 > goodput(rtt_ms, loss, {}));
    }
  }
}

TEST_CASE("a queue of a tenth of the product is enough") {
  const Line line = line_of(0.1);
  Bottleneck bottleneck(line);
  const Flow& flow = bottleneck.add(CongestionControl::kBbr);
  bottleneck.run_for(milliseconds(2'000));
  CHECK(share(bottleneck, flow, line, 30) >= 90);
  CHECK(bottleneck.drops() * 100 < flow.delivered / kMss);
}

TEST_CASE("ProbeRTT halves what is in flight, for 200 ms, every five seconds (5.3.4)") {
  const Line line = line_of(1);
  Bottleneck bottleneck(line);
  Flow& flow = bottleneck.add(CongestionControl::kBbr);
  Nanoseconds entered{};
  std::uint32_t least = ~0U;
  Nanoseconds longest{};
  int episodes = 0;
  bool was_there = false;
  flow.watch = [&](const AckEvent& event) {
    const bool is_there = flow.congestion.bbr().state() == State::kProbeRtt;
    if (is_there && !was_there) {
      entered = event.now;
      ++episodes;
    }
    if (is_there) {
      least = std::min(least, event.in_flight);
      longest = std::max(longest, event.now - entered);
    }
    was_there = is_there;
  };
  bottleneck.run_for(milliseconds(31'000));
  CHECK(episodes >= 4);
  CHECK(episodes <= 6);
  CHECK(least <= line.product() / 2);
  CHECK(least > line.product() * 4 / 10);
  CHECK(longest >= milliseconds(200));
  CHECK(longest < milliseconds(500));
  CHECK(flow.congestion.bbr().min_rtt() < milliseconds(81));
}

TEST_CASE("a line that becomes slower or faster is followed (5.3.3)") {
  Line line = line_of(1);
  Bottleneck bottleneck(line);
  Flow& flow = bottleneck.add(CongestionControl::kBbr);
  bottleneck.run_for(milliseconds(10'000));
  line.rate /= 4;
  bottleneck.change(line);
  bottleneck.run_for(milliseconds(10'000));
  CHECK(flow.congestion.bbr().max_bandwidth().bytes_per_second() < line.rate * 11 / 10);
  CHECK(share(bottleneck, flow, line, 10) >= 90);
  line.rate *= 8;
  bottleneck.change(line);
  bottleneck.run_for(milliseconds(10'000));
  CHECK(flow.congestion.bbr().max_bandwidth().bytes_per_second() > line.rate * 9 / 10);
  CHECK(share(bottleneck, flow, line, 10) >= 90);
}

TEST_CASE("a path that becomes longer is measured again within ten seconds (5.5.7)") {
  Line line = line_of(2);
  Bottleneck bottleneck(line);
  Flow& flow = bottleneck.add(CongestionControl::kBbr);
  bottleneck.run_for(milliseconds(7'000));
  line.round_trip = milliseconds(160);
  bottleneck.change(line);
  bottleneck.run_for(milliseconds(20'000));
  CHECK(flow.congestion.bbr().min_rtt() >= milliseconds(160));
  CHECK(share(bottleneck, flow, line, 10) >= 88);
}

TEST_CASE("samples that the application limited don't lower the bandwidth (5.5.4)") {
  const Line line = line_of(1);
  Bottleneck bottleneck(line);
  Flow& flow = bottleneck.add(CongestionControl::kBbr, 12'500'000 / kMss * kMss * 3);
  bottleneck.run_for(milliseconds(10'000));
  CHECK(flow.in_flight == 0);
  // A tenth of the line for a minute, and then all of it at once.
  for (int i = 0; i < 600; ++i) {
    bottleneck.write(flow, 86 * kMss);
    bottleneck.run_for(milliseconds(100));
  }
  CHECK(flow.congestion.bbr().max_bandwidth().bytes_per_second() > line.rate * 95 / 100);
  flow.to_send = 0;
  bottleneck.run_for(milliseconds(1'000));
  const std::uint64_t before = flow.delivered;
  bottleneck.write(flow, 12'500'000 / kMss * kMss);
  bottleneck.run_for(milliseconds(1'250));
  CHECK(flow.delivered - before >= line.rate * 95 / 100);
}

TEST_CASE("after a silence sending goes on at the bandwidth, without ProbeRTT (5.4.1)") {
  const Line line = line_of(1);
  Bottleneck bottleneck(line);
  const std::uint64_t much = 12'500'000 / kMss * kMss * 4;
  Flow& flow = bottleneck.add(CongestionControl::kBbr, much);
  bottleneck.run_for(milliseconds(30'000));
  REQUIRE(flow.in_flight == 0);
  bool was_there = false;
  flow.watch = [&](const AckEvent&) {
    was_there = was_there || flow.congestion.bbr().state() == State::kProbeRtt;
  };
  bottleneck.write(flow, much);
  bottleneck.run_for(milliseconds(2'000));
  CHECK(!was_there);
  CHECK(flow.congestion.bbr().max_bandwidth().bytes_per_second() > line.rate * 95 / 100);
}

TEST_CASE("ACKs in heaps don't slow it: extra_acked (5.5.9)") {
  Line line = line_of(2, 40);
  line.ack_slot = milliseconds(30);
  Bottleneck bottleneck(line);
  const Flow& flow = bottleneck.add(CongestionControl::kBbr);
  bottleneck.run_for(milliseconds(5'000));
  CHECK(share(bottleneck, flow, line, 20) >= 90);
}

TEST_CASE("a line of a megabit, and one of ten gigabits") {
  Line slow{.rate = 125'000, .round_trip = milliseconds(100), .queue = 25'000};
  Bottleneck modem(slow);
  const Flow& trickle = modem.add(CongestionControl::kBbr);
  modem.run_for(milliseconds(5'000));
  CHECK(share(modem, trickle, slow, 30) >= 90);
  Line fast{.rate = 1'250'000'000, .round_trip = milliseconds(1), .queue = 1'250'000};
  Bottleneck fibre(fast);
  const Flow& torrent = fibre.add(CongestionControl::kBbr);
  fibre.run_for(milliseconds(200));
  CHECK(share(fibre, torrent, fast, 1) >= 90);
}
