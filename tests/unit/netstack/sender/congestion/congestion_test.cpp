// Both algorithms behind one interface: first windows, pacing's beginning, hostile input.
#include "netstack/sender/congestion/congestion.hpp"

#include <doctest/doctest.h>

#include <random>

#include "netstack/limits.hpp"
#include "tests/unit/netstack/sender/bottleneck.hpp"

using namespace mote;
using namespace mote::netstack;
using namespace mote::test;

namespace {
constexpr CongestionControl kBoth[] = {CongestionControl::kCubic, CongestionControl::kBbr};

Congestion begun(CongestionControl algorithm, std::uint32_t mss, Nanoseconds rtt) {
  choose_congestion_control(algorithm);
  Congestion congestion;
  congestion.begin(milliseconds(1), mss, rtt);
  return congestion;
}
}  // namespace

TEST_CASE("the first window is ten segments, or 14,600 bytes (RFC 6928, 2)") {
  CHECK(Congestion::initial_window(1448) == 14'480);
  CHECK(Congestion::initial_window(1460) == 14'600);
  CHECK(Congestion::initial_window(536) == 5'360);
  CHECK(Congestion::initial_window(4'000) == 14'600);
  CHECK(Congestion::initial_window(8'960) == 17'920);
  for (const auto algorithm : kBoth) {
    CHECK(begun(algorithm, 1448, milliseconds(80)).window() == 14'480);
  }
}

TEST_CASE("the settings choose the algorithm of connections that begin") {
  const Congestion cubic = begun(CongestionControl::kCubic, 1448, milliseconds(80));
  const Congestion bbr = begun(CongestionControl::kBbr, 1448, milliseconds(80));
  CHECK(congestion_control() == CongestionControl::kBbr);
  CHECK(cubic.algorithm() == CongestionControl::kCubic);
  CHECK(bbr.algorithm() == CongestionControl::kBbr);
  CHECK(bbr.recovery_window() == 0);
}

TEST_CASE("the first window leaves at once, and what follows is paced") {
  for (const auto algorithm : kBoth) {
    Bottleneck line({.round_trip = milliseconds(80)});
    Flow& flow = line.add(algorithm);
    CHECK(flow.congestion.pacing_rate() == 0);
    CHECK(flow.in_flight == 14'480);
    line.run_for(milliseconds(82));
    CHECK(flow.delivered > 0);
    CHECK(flow.congestion.pacing_rate() > 14'480 * 1'000 / 80);
    CHECK(flow.congestion.pacing_rate() < 14'480 * 1'000 / 80 * 5);
  }
}

TEST_CASE("a reply of 14 KB at 80 ms takes one round trip") {
  for (const auto algorithm : kBoth) {
    Bottleneck line({.round_trip = milliseconds(80)});
    Flow& flow = line.add(algorithm, 10 * kMss);
    line.run_for(milliseconds(83));
    CHECK(flow.delivered == 10 * kMss);
  }
}

namespace {

// Numbers of all sizes, and the ends of their ranges often.
class Noise {
 public:
  explicit Noise(std::uint64_t seed) : random_(seed) {}

  std::uint64_t any64() {
    const std::uint64_t random = random_();
    switch (random % 8) {
      case 0:
        return 0;
      case 1:
        return 1;
      case 2:
        return ~std::uint64_t{0};
      default:
        return random_() >> (random_() % 64);
    }
  }
  std::uint32_t any32() { return static_cast<std::uint32_t>(any64()); }
  bool coin() { return random_() % 2 == 0; }
  unsigned one_of(unsigned count) { return static_cast<unsigned>(random_() % count); }

  AckEvent event() {
    AckEvent event;
    event.now = {any64()};
    event.delivered = any64();
    event.newly_delivered = any32();
    event.acknowledged = any32();
    event.newly_lost = any32();
    event.in_flight = any32();
    event.rtt = {any64()};
    event.rate = {any64(), any64(), any32(), any32(), any32(), {any64()}, coin()};
    event.is_window_limited = coin();
    event.in_recovery = coin();
    event.is_congestion_marked = one_of(8) == 0;
    return event;
  }

  // One of the calls that Congestion takes.
  void shake(Congestion& congestion, std::uint32_t& mss) {
    const Nanoseconds now{any64()};
    switch (one_of(12)) {
      case 0:
        return congestion.on_loss(now, any32(), any32());
      case 1:
        return congestion.on_recovered(now);
      case 2:
        return congestion.on_timeout(now, any32());
      case 3:
        return congestion.undo(now);
      case 4:
        return congestion.on_send(now, any32() % 2, coin());
      case 5:
        return congestion.set_mss(mss = any32());
      case 6:
        return congestion.on_range_lost({now, any64(), any32(), any32(), any32(), coin()});
      default:
        return congestion.on_ack(event());
    }
  }

 private:
  std::mt19937_64 random_;
};

}  // namespace

TEST_CASE("hostile input never breaks a bound") {
  Noise noise(7);
  for (int life = 0; life < 1'000; ++life) {
    choose_congestion_control(kBoth[life % 2]);
    Congestion congestion;
    std::uint32_t mss = noise.any32();
    congestion.begin({noise.any64()}, mss, {noise.any64()}, noise.coin());
    for (int step = 0; step < 500; ++step) {
      noise.shake(congestion, mss);
      REQUIRE(congestion.window() >= bounded_mss(mss));
      REQUIRE(congestion.window() <= limits::kLargestSendWindow);
      REQUIRE(congestion.recovery_window() != 1);
      REQUIRE(congestion.pacing_rate() <= std::uint64_t{1} << 56);
    }
  }
}
