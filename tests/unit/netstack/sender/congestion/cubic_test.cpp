// CUBIC by RFC 9438's sections, ACK by ACK and through a bottleneck.
#include "netstack/sender/congestion/cubic.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "netstack/limits.hpp"
#include "tests/unit/netstack/sender/bottleneck.hpp"

using namespace mote;
using namespace mote::netstack;
using namespace mote::test;

namespace {

constexpr std::uint64_t kMs = 1'000'000;

// A connection whose window is always full, acknowledged segment by segment.
struct Connection {
  Cubic cubic;
  Nanoseconds now = milliseconds(1'000);
  std::uint64_t rtt_ms = 100;
  std::uint64_t delivered = 0;
  bool is_window_limited = true;

  explicit Connection(std::uint64_t round_trip_ms = 100) : rtt_ms(round_trip_ms) {
    cubic.begin(now, kMss, milliseconds(rtt_ms));
  }
  void ack(std::uint32_t bytes, bool in_recovery = false) {
    AckEvent event;
    event.now = now;
    event.delivered = delivered += bytes;
    event.newly_delivered = event.acknowledged = bytes;
    event.in_flight = is_window_limited ? cubic.window() - bytes : kMss;
    event.rtt = milliseconds(rtt_ms);
    event.rate.delivered = is_window_limited ? cubic.window() : kMss;
    event.is_window_limited = is_window_limited;
    event.in_recovery = in_recovery;
    cubic.on_ack(event);
  }
  // The whole window acknowledged, spread over a round trip.
  void round(bool in_recovery = false) {
    const std::uint32_t segments = std::max<std::uint32_t>(cubic.window() / kMss, 1);
    for (std::uint32_t i = 0; i < segments; ++i) {
      now = now + Nanoseconds{rtt_ms * kMs / segments};
      ack(kMss, in_recovery);
    }
  }
  void grow_to(std::uint32_t segments) {
    while (cubic.window() < segments * kMss) ack(kMss);
  }
  void lose() { cubic.on_loss(now, cubic.window() - kMss, kMss); }
  [[nodiscard]] double segments() const { return static_cast<double>(cubic.window()) / kMss; }
};

double w_cubic(double seconds, double w_max, double start) {
  const double k = std::cbrt((w_max - start) / 0.4);
  return 0.4 * std::pow(seconds - k, 3) + w_max;
}

}  // namespace

TEST_CASE("slow start doubles each round trip (RFC 5681, 3.1)") {
  Connection connection;
  std::uint32_t window = connection.cubic.window();
  for (int round = 0; round < 5; ++round) {
    for (std::uint32_t i = 0; i < window / kMss; ++i) connection.ack(kMss);
    CHECK(connection.cubic.window() == 2 * window);
    window = connection.cubic.window();
  }
  CHECK(connection.cubic.is_in_slow_start());
}

TEST_CASE("a window that isn't used doesn't grow (RFC 9438, 5.8)") {
  Connection connection;
  connection.is_window_limited = false;
  for (int i = 0; i < 100; ++i) connection.ack(kMss);
  CHECK(connection.cubic.window() == 10 * kMss);
  connection.is_window_limited = true;
  connection.grow_to(100);
  connection.lose();
  const std::uint32_t window = connection.cubic.window();
  connection.is_window_limited = false;
  for (int i = 0; i < 500; ++i) {
    connection.now = connection.now + milliseconds(10);
    connection.ack(kMss);
  }
  CHECK(connection.cubic.window() == window);
}

TEST_CASE("a loss leaves 0.7 of the window, an ECN mark 0.85 (RFC 9438, 4.6; RFC 8511, 3.1)") {
  Connection connection;
  connection.grow_to(100);
  const std::uint32_t before = connection.cubic.window();
  Connection marked = connection;
  connection.lose();
  CHECK(connection.cubic.window() == before * 70ULL / 100);
  CHECK(connection.cubic.recovery_window() == connection.cubic.window());
  marked.cubic.on_loss(marked.now, before, 0);
  CHECK(marked.cubic.window() == before * 85ULL / 100);
}

TEST_CASE("the window isn't grown in recovery") {
  Connection connection;
  connection.grow_to(100);
  connection.lose();
  const std::uint32_t window = connection.cubic.window();
  for (int i = 0; i < 5; ++i) connection.round(true);
  CHECK(connection.cubic.window() == window);
}

TEST_CASE("the window follows the cubic curve through its middle and beyond (RFC 9438, 4.2)") {
  // 800 segments at 100 ms: far out of the Reno-friendly region.
  Connection connection;
  connection.grow_to(800);
  connection.lose();
  const double start = connection.segments();
  const Nanoseconds epoch = connection.now + milliseconds(0);
  double seconds = 0;
  while (seconds < 14) {
    connection.round();
    seconds = static_cast<double>((connection.now - epoch).value) / 1e9;
    // The window steers to where the curve is in a round trip, and so lies on it now.
    const double expected = w_cubic(seconds, 800, start);
    CHECK(connection.segments() == doctest::Approx(expected).epsilon(0.015));
  }
  const double k = std::cbrt((800 - start) / 0.4);
  CHECK(k == doctest::Approx(8.43).epsilon(0.01));
  CHECK(connection.segments() > 850);
}

TEST_CASE("no more than half a window is added in a round trip (RFC 9438, 4.2)") {
  Connection connection(10);
  connection.grow_to(100);
  connection.lose();
  connection.round();
  for (int i = 0; i < 300; ++i) {
    const std::uint32_t before = connection.cubic.window();
    connection.now = connection.now + milliseconds(10);
    connection.round();
    REQUIRE(connection.cubic.window() <= before + before / 2 + kMss);
  }
}

TEST_CASE("short round trips grow as Reno would: 9/17, then one segment a round (RFC 9438, 4.3)") {
  Connection connection(5);
  connection.grow_to(40);
  connection.lose();
  const double start = connection.segments();
  for (int i = 0; i < 10; ++i) connection.round();
  CHECK(connection.segments() == doctest::Approx(start + 10 * 9.0 / 17).epsilon(0.02));
  while (connection.segments() < 41) connection.round();
  const double beyond = connection.segments();
  for (int i = 0; i < 10; ++i) connection.round();
  CHECK(connection.segments() == doctest::Approx(beyond + 10).epsilon(0.03));
}

TEST_CASE("a second loss below w_max makes room: fast convergence (RFC 9438, 4.7)") {
  const auto middle = [](bool is_below) {
    Connection connection;
    connection.grow_to(800);
    connection.lose();
    if (is_below) {
      connection.round();
      connection.lose();  // at about 560 + a few: w_max becomes 0.85 of it
    }
    // Where the curve lies flat: the round that adds least.
    double least = 1e9;
    double at = 0;
    for (int i = 0; i < 140; ++i) {
      const double before = connection.segments();
      connection.round();
      if (connection.segments() - before < least) {
        least = connection.segments() - before;
        at = before;
      }
    }
    return at;
  };
  CHECK(middle(false) == doctest::Approx(800).epsilon(0.03));
  const double second = middle(true);
  CHECK(second > 0.85 * 560 * 0.97);
  CHECK(second < 0.85 * 600 * 1.03);
}

TEST_CASE("a timeout leaves one segment, slow start to 0.7, and then a curve's middle (4.8)") {
  Connection connection;
  connection.grow_to(400);
  const std::uint32_t before = connection.cubic.window();
  connection.cubic.on_timeout(connection.now, before);
  CHECK(connection.cubic.window() == kMss);
  CHECK(connection.cubic.recovery_window() == before * 70ULL / 100);
  while (connection.cubic.is_in_slow_start()) connection.ack(kMss, true);
  CHECK(connection.cubic.window() == connection.cubic.recovery_window());
  connection.round();
  const double start = connection.segments();
  const Nanoseconds epoch = connection.now;
  for (int i = 0; i < 50; ++i) connection.round();
  // K is 0: convex from the beginning, or Reno's line where that is higher.
  const double seconds = static_cast<double>((connection.now - epoch).value) / 1e9 + 0.1;
  const double reno = start + 51 * 9.0 / 17;
  const double curve = 0.4 * seconds * seconds * seconds + start;
  CHECK(connection.segments() == doctest::Approx(std::max(reno, curve)).epsilon(0.03));
}

TEST_CASE("a spurious loss or timeout is undone (RFC 9438, 4.9)") {
  Connection connection;
  connection.grow_to(400);
  connection.lose();
  for (int i = 0; i < 20; ++i) connection.round();
  const Connection untouched = connection;
  connection.lose();
  connection.cubic.undo();
  CHECK(connection.cubic.window() == untouched.cubic.window());
  CHECK(connection.cubic.recovery_window() == untouched.cubic.recovery_window());
  connection.cubic.on_timeout(connection.now, connection.cubic.window());
  connection.cubic.undo();
  CHECK(connection.cubic.window() == untouched.cubic.window());
  Connection expected = untouched;
  for (int i = 0; i < 10; ++i) {
    connection.round();
    expected.round();
  }
  CHECK(connection.cubic.window() == expected.cubic.window());
  // Undone once, and no more.
  connection.cubic.undo();
  CHECK(connection.cubic.window() == expected.cubic.window());
}

TEST_CASE("the curve's time stands still while the application gives too little (RFC 9438, 5.8)") {
  Connection connection;
  connection.grow_to(800);
  connection.lose();
  for (int i = 0; i < 30; ++i) connection.round();
  Connection steady = connection;
  SUBCASE("told by ACKs") {
    connection.is_window_limited = false;
    for (int i = 0; i < 600; ++i) {
      connection.now = connection.now + milliseconds(50);
      connection.ack(kMss);
    }
    connection.is_window_limited = true;
  }
  SUBCASE("told by sending after idleness") {
    connection.now = connection.now + milliseconds(30'000);
    connection.cubic.on_send(connection.now, 0);
  }
  SUBCASE("not told at all") { connection.now = connection.now + milliseconds(30'000); }
  for (int i = 0; i < 5; ++i) {
    connection.round();
    steady.round();
  }
  CHECK(connection.segments() == doctest::Approx(steady.segments()).epsilon(0.01));
}

TEST_CASE(
    "a window is believed for five minutes, and halved for each five more (RFC 7661, 4.4.3)") {
  Connection connection;
  connection.grow_to(800);
  const std::uint32_t window = connection.cubic.window();
  connection.cubic.on_send(connection.now + milliseconds(299'000), 0);
  CHECK(connection.cubic.window() == window);
  connection.cubic.on_send(connection.now + milliseconds(301'000), 0);
  CHECK(connection.cubic.window() == window / 2);
  connection.cubic.on_send(connection.now + milliseconds(601'000), 0);
  CHECK(connection.cubic.window() == window / 4);
  connection.cubic.on_send(connection.now + milliseconds(86'400'000), 0);
  CHECK(connection.cubic.window() == 10 * kMss);
}

TEST_CASE("a loss in a window that wasn't used reduces what was (RFC 7661, 4.4.1)") {
  Connection connection;
  connection.grow_to(800);
  connection.is_window_limited = false;
  for (int i = 0; i < 100; ++i) {
    connection.now = connection.now + milliseconds(100);
    connection.ack(kMss);
  }
  connection.cubic.on_loss(connection.now, 19 * kMss, kMss);
  CHECK(connection.cubic.window() == 14 * kMss);
}

TEST_CASE("pacing is twice the window in slow start, 1.2 of it later") {
  Connection connection;
  CHECK(connection.cubic.pacing_rate() == 0);
  connection.ack(kMss);
  CHECK(connection.cubic.pacing_rate() == connection.cubic.window() * 2ULL * 10);
  connection.grow_to(100);
  connection.lose();
  connection.round();
  CHECK(connection.cubic.pacing_rate() == connection.cubic.window() * 12ULL);
}

TEST_CASE("the window stops at eight MiB") {
  Connection connection;
  for (int i = 0; i < 20'000; ++i) connection.ack(kMss);
  CHECK(connection.cubic.window() == limits::kLargestSendWindow);
}

TEST_CASE("through a bottleneck: HyStart++ ends slow start before a deep queue is full") {
  // Paced, delay shows two rounds after the line is full, at four products; conservative slow start
  // may triple that. Doubling would go on to the queue's end.
  Line line{.rate = 1'250'000, .round_trip = milliseconds(80)};
  line.queue = static_cast<std::uint32_t>(16 * line.product());
  Bottleneck bottleneck(line);
  const Flow& flow = bottleneck.add(CongestionControl::kCubic);
  bottleneck.run_for(milliseconds(10'000));
  CHECK(bottleneck.drops() == 0);
  CHECK(!flow.congestion.cubic().is_in_slow_start());
  CHECK(flow.congestion.window() > line.product());
  CHECK(flow.congestion.window() < 13 * line.product());
}

TEST_CASE("through a bottleneck: CUBIC fills a queue, and collapses under random loss") {
  Line line{.round_trip = milliseconds(80)};
  line.queue = static_cast<std::uint32_t>(line.product());
  const auto goodput = [&](double loss) {
    line.loss = loss;
    Bottleneck bottleneck(line);
    const Flow& flow = bottleneck.add(CongestionControl::kCubic);
    bottleneck.run_for(milliseconds(5'000));
    const std::uint64_t before = flow.delivered;
    bottleneck.run_for(milliseconds(20'000));
    return (flow.delivered - before) * 100 / (20 * line.rate);
  };
  CHECK(goodput(0) >= 97);
  CHECK(goodput(0.01) <= 5);
}
