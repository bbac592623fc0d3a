// Habits of clients, 80 ms away on a line that loses 1 %: each gets its bytes, quickly, and with
// little more resent than was lost.
#include <doctest/doctest.h>

#include <string>

#include "netstack/sender/congestion/congestion.hpp"
#include "tests/unit/netstack/sender/download.hpp"

using namespace mote;
using namespace mote::world;

namespace {

// 100 Mbit/s, and a queue of one bandwidth-delay product.
constexpr double kBytesPerSecond = 12.5e6;
constexpr double kQueueBytes = 1e6;

struct Client {
  std::string name;
  Habits habits;
};

// What systems do as they come. The delays of ACKs: Linux 40 ms at most, FreeBSD 40 (100 until 14),
// Windows 40 (200 until 10).
Client linux() { return {"Linux", {.scale = 7, .timestamps = true, .window = 3'000'000}}; }
Client freebsd() {
  return {"FreeBSD",
          {.scale = 6, .timestamps = true, .window = 1'000'000, .delayed_ack = milliseconds(100)}};
}
Client windows() {
  return {"Windows",
          {.scale = 8, .timestamps = false, .window = 4'000'000, .delayed_ack = milliseconds(40)}};
}
Client old_windows() {
  return {
      "old Windows",
      {.scale = 2, .duplicate_sack = false, .window = 262'140, .delayed_ack = milliseconds(200)}};
}

constexpr std::uint16_t kFirstPort = 30'000;
std::uint16_t downloads = 0;

// Returns the seconds it took, or a large number if something is wrong.
double fetch(const Client& client, std::size_t bytes, bool bbr, double loss, unsigned seed = 1) {
  netstack::choose_congestion_control(bbr ? netstack::CongestionControl::kBbr
                                          : netstack::CongestionControl::kCubic);
  const LineHabits there{.latency = milliseconds(40)};
  const LineHabits back{.latency = milliseconds(40),
                        .loss = loss,
                        .bytes_per_second = kBytesPerSecond,
                        .queue_bytes = kQueueBytes};
  Download download(static_cast<std::uint16_t>(kFirstPort + downloads++), client.habits, there,
                    back, seed);
  REQUIRE(download.fetch(bytes, milliseconds(600'000)));
  const double seconds = static_cast<double>(download.took().value) / 1e9;
  const std::uint64_t needed = (bytes + client.habits.mss - 1) / client.habits.mss;
  const std::uint64_t lost = download.to_peer.lost();
  MESSAGE(client.name, std::string(bbr ? ", BBR, " : ", CUBIC, "), bytes, " bytes: ", seconds,
          " s, ", needed, " segments, ", lost, " lost, ",
          download.peer.segments() - 1 + lost - needed, " resent");
  // A FIN came, too. What arrived twice was resent needlessly.
  CHECK(download.peer.segments() - 1 <= needed + (client.habits.sack ? lost / 4 : lost) + 8);
  return seconds;
}

}  // namespace

TEST_CASE("issue 13: each system's client, CUBIC and BBR, at 80 ms and 1 % loss") {
  for (const Client& client : {linux(), freebsd(), windows(), old_windows()}) {
    CAPTURE(client.name);
    for (const bool bbr : {false, true}) {
      CHECK(fetch(client, 14'000, bbr, 0.01) < 0.6);
      CHECK(fetch(client, 1'048'576, bbr, 0.01) < (bbr ? 3.0 : 12.0));
    }
  }
}

TEST_CASE("issue 13: windows scaled by 0 to 14 bits") {
  for (int scale = 0; scale <= 14; ++scale) {
    CAPTURE(scale);
    const std::uint32_t window = std::min<std::uint32_t>(0xFFFFU << scale, 8'000'000);
    const Client client{"scaled", {.scale = scale, .window = window}};
    CHECK(fetch(client, 300'000, scale % 2 == 0, 0.01) < 5.0);
  }
}

TEST_CASE("issue 13: a client without SACK") {
  const Client client{"no SACK", {.sack = false}};
  for (const bool bbr : {false, true}) {
    CHECK(fetch(client, 14'000, bbr, 0.01) < 1.0);
    CHECK(fetch(client, 1'048'576, bbr, 0.01) < 3.0);
  }
}

TEST_CASE("issue 13: ACKs of each segment, of every second, and of many at once") {
  for (const unsigned every : {1U, 2U, 8U, 32U}) {
    CAPTURE(every);
    const Client client{"ACKs", {.acknowledge_every = every}};
    for (const bool bbr : {false, true}) CHECK(fetch(client, 1'048'576, bbr, 0.01) < 12.0);
  }
}

TEST_CASE("issue 13: ACKs delayed by 200 ms cost no more than one, and no needless resending") {
  const Client client{"slow ACKs", {.delayed_ack = milliseconds(200)}};
  for (const bool bbr : {false, true}) {
    for (const std::size_t bytes : {1000UL, 4380UL, 14'600UL, 100'000UL}) {
      CHECK(fetch(client, bytes, bbr, 0) < 1.0);
    }
  }
}

TEST_CASE("issue 13: 14 KB take two round trips, and nothing is resent where nothing is lost") {
  for (const Client& client : {linux(), freebsd(), windows(), old_windows()}) {
    for (const bool bbr : {false, true}) {
      CHECK(fetch(client, 14'000, bbr, 0) < 0.180);
      CHECK(fetch(client, 100'000, bbr, 0) < 0.45);
    }
  }
}
