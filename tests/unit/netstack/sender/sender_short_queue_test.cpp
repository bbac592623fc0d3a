// Queues that hold a few frames only: the first ten segments overflow them, and resends would again
// if they left in one burst. A page then takes the round trips of its repair, and no timeout.
#include <doctest/doctest.h>

#include <string>

#include "netstack/sender/congestion/congestion.hpp"
#include "tests/unit/netstack/sender/download.hpp"

using namespace mote;
using namespace mote::world;

namespace {

constexpr std::uint16_t kFirstPort = 31'000;
constexpr double kFrameBytes = 1514;
std::uint16_t downloads = 0;

struct Path {
  std::uint64_t round_trip_ms = 5;
  double megabits = 10;
  unsigned frames = 3;  // that the queue holds
  bool bbr = true;
  bool is_kept = true;
  Habits client{.scale = 7, .window = 3'000'000};
};

// Returns the milliseconds it took.
double fetch(std::size_t bytes, const Path& path) {
  netstack::choose_congestion_control(path.bbr ? netstack::CongestionControl::kBbr
                                               : netstack::CongestionControl::kCubic);
  const Nanoseconds latency{path.round_trip_ms * 500'000};
  const LineHabits back{.latency = latency,
                        .bytes_per_second = path.megabits * 125e3,
                        .queue_bytes = kFrameBytes * path.frames};
  Download download(static_cast<std::uint16_t>(kFirstPort + downloads++), path.client,
                    {.latency = latency}, back, 1);
  REQUIRE(download.fetch(bytes, milliseconds(600'000), path.is_kept));
  const double took = static_cast<double>(download.took().value) / 1e6;
  MESSAGE(std::string(path.bbr ? "BBR, " : "CUBIC, "), path.round_trip_ms, " ms, ", path.megabits,
          " Mbit/s, ", path.frames, " frames, ", bytes, " bytes: ", took, " ms, ",
          download.to_peer.lost(), " lost");
  return took;
}

}  // namespace

TEST_CASE("issue 13: a page through a queue of few frames waits for no timeout") {
  for (const std::uint64_t round_trip_ms : {5U, 20U}) {
    for (const double megabits : {10.0, 100.0}) {
      for (const unsigned frames : {2U, 3U, 4U, 5U, 7U}) {
        for (const bool bbr : {false, true}) {
          CAPTURE(frames);
          // The handshake, the first flight, a probe after two more, and four of repair.
          const double most = 9 * static_cast<double>(round_trip_ms) + 90;
          CHECK(fetch(14'000, {round_trip_ms, megabits, frames, bbr}) < most);
        }
      }
    }
  }
}

TEST_CASE("issue 13: 100 KB and a MiB through a queue of few frames, by BBR") {
  for (const unsigned frames : {3U, 4U, 5U, 7U}) {
    CAPTURE(frames);
    CHECK(fetch(100'000, {.round_trip_ms = 20, .megabits = 100, .frames = frames}) < 300);
    CHECK(fetch(1'048'576, {.round_trip_ms = 20, .megabits = 100, .frames = frames}) < 1000);
    CHECK(fetch(100'000, {.round_trip_ms = 20, .megabits = 10, .frames = frames}) < 300);
    CHECK(fetch(1'048'576, {.round_trip_ms = 20, .megabits = 10, .frames = frames}) < 1500);
  }
}

// RFC 8985, 7.3: the probe must be a segment of which the peer's SACK tells.
TEST_CASE("issue 13: a FIN behind the lost tail, where SACKs don't cover FINs") {
  Path path{.frames = 7, .is_kept = false};
  path.client.sacks_fin = false;
  CHECK(fetch(14'000, path) < 100);
}
