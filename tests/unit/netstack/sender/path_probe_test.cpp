// Packetization layer path MTU discovery, by RFC 4821's sections.
#include "netstack/sender/path_probe.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

using namespace mote;
using netstack::PathProbe;

namespace {

constexpr std::uint16_t kEthernet = 1460;
constexpr std::uint32_t kMuch = 1 << 20;
constexpr std::uint16_t kBase = PathProbe::kBase;
constexpr std::uint16_t kLeast = PathProbe::kLeast;

// A connection whose path drops segments with more than `passes` bytes and tells nobody.
struct Path {
  PathProbe probe{kEthernet};
  Nanoseconds now = milliseconds(50'000);
  std::uint32_t passes = kEthernet;
  std::vector<std::uint32_t> probes;

  // Time passes, and segments of the present length with it.
  void deliver() {
    now = now + PathProbe::kSpacing;
    probe.on_acknowledged(PathProbe::kSegments * probe.mss());
  }
  // True: there was a probe.
  bool try_probe(std::uint32_t available = kMuch) {
    const std::uint32_t payload = probe.next_probe(now, available);
    if (payload == 0) return false;
    probes.push_back(payload);
    probe.on_probe_sent(now, payload);
    REQUIRE(probe.is_probing());
    if (payload <= passes) {
      probe.on_probe_acknowledged(now);
    } else {
      probe.on_probe_lost(now);
    }
    REQUIRE(!probe.is_probing());
    return true;
  }
  void search() {
    for (int i = 0; i < 20; ++i) {
      deliver();
      try_probe();
    }
  }
  // Both timeouts that a black hole makes.
  void stop(std::uint32_t payload) {
    REQUIRE(!probe.on_timeout(now, payload));
    REQUIRE(probe.on_timeout(now, payload));
  }
};

}  // namespace

TEST_CASE("7.2: a connection begins with the longest segments, and nothing to find") {
  Path path;
  CHECK(path.probe.mss() == kEthernet);
  path.search();
  CHECK(path.probes.empty());
}

TEST_CASE("7.7: two timeouts in a row of long segments make them as short as the base") {
  Path path;
  CHECK(!path.probe.on_timeout(path.now, kEthernet));
  CHECK(path.probe.mss() == kEthernet);
  CHECK(path.probe.on_timeout(path.now, kEthernet));
  CHECK(path.probe.mss() == kBase);
}

TEST_CASE("7.7: an ACK in between is no full stop") {
  Path path;
  for (int i = 0; i < 10; ++i) {
    CHECK(!path.probe.on_timeout(path.now, kEthernet));
    path.probe.on_acknowledged(1);
  }
  CHECK(path.probe.mss() == kEthernet);
}

TEST_CASE("7.7: two more timeouts bring the least length, and no more anything") {
  Path path;
  path.stop(kEthernet);
  path.stop(kBase);
  CHECK(path.probe.mss() == kLeast);
  for (int i = 0; i < 1000; ++i) CHECK(!path.probe.on_timeout(path.now, kLeast));
  CHECK(path.probe.mss() == kLeast);
}

TEST_CASE("7.7: short segments that stop are suspected of their length later or never") {
  Path path;
  for (int i = 0; i < 3; ++i) CHECK(!path.probe.on_timeout(path.now, kBase));
  CHECK(path.probe.on_timeout(path.now, kBase));
  CHECK(path.probe.mss() == kLeast);
  Path other;
  for (int i = 0; i < 1000; ++i) CHECK(!other.probe.on_timeout(other.now, kLeast));
  CHECK(other.probe.mss() == kEthernet);
}

TEST_CASE("7.7: an MSS that is short already doesn't rise by a fall") {
  for (const std::uint16_t most : {536, 1000, 1024}) {
    PathProbe probe(most);
    for (int i = 0; i < 3; ++i) CHECK(!probe.on_timeout({}, most));
    CHECK(probe.on_timeout({}, most));
    CHECK(probe.mss() == kLeast);
  }
  PathProbe probe(500);
  for (int i = 0; i < 10; ++i) CHECK(!probe.on_timeout({}, 500));
  CHECK(probe.mss() == 500);
}

TEST_CASE("7.4: a probe waits for time, for ACKs, and for data to carry") {
  Path path;
  path.stop(kEthernet);
  const Nanoseconds ready = path.now + PathProbe::kSpacing;
  CHECK(path.probe.next_probe(ready, kMuch) == 0);
  path.probe.on_acknowledged(PathProbe::kSegments * kBase - 1);
  CHECK(path.probe.next_probe(ready, kMuch) == 0);
  path.probe.on_acknowledged(1);
  CHECK(path.probe.next_probe(ready - Nanoseconds{1}, kMuch) == 0);
  CHECK(path.probe.next_probe(ready, kBase + PathProbe::kWorth - 1) == 0);
  CHECK(path.probe.next_probe(ready, kBase + PathProbe::kWorth) == kBase + PathProbe::kWorth);
  CHECK(path.probe.next_probe(ready, kMuch) == kEthernet);
}

TEST_CASE("7.5: one probe at a time") {
  Path path;
  path.stop(kEthernet);
  path.deliver();
  path.probe.on_probe_sent(path.now, path.probe.next_probe(path.now, kMuch));
  path.deliver();
  CHECK(path.probe.next_probe(path.now, kMuch) == 0);
  CHECK(path.probe.mss() == kBase);
}

TEST_CASE("7.6.1: a probe that passes raises the length; an outage costs one probe") {
  Path path;
  path.stop(kEthernet);
  path.stop(kBase);
  path.deliver();
  CHECK(path.try_probe());
  CHECK(path.probe.mss() == kEthernet);
  path.search();
  CHECK(path.probes == std::vector<std::uint32_t>{kEthernet});
}

TEST_CASE("7.6.1: less data than a probe would like tells whether that much passes") {
  Path path;
  path.stop(kEthernet);
  path.deliver();
  CHECK(path.try_probe(1200));
  CHECK(path.probe.mss() == 1200);
  path.deliver();
  CHECK(path.try_probe());
  CHECK(path.probe.mss() == kEthernet);
}

TEST_CASE("7.6.2: a lost probe lowers what is tried, and waits") {
  Path path;
  path.passes = 1452;
  path.stop(kEthernet);
  path.deliver();
  CHECK(path.try_probe());
  CHECK(path.probe.mss() == kBase);
  CHECK(path.probe.next_probe(path.now + PathProbe::kSpacing, kMuch) == 0);
  path.probe.on_acknowledged(PathProbe::kSegments * kBase);
  CHECK(path.probe.next_probe(path.now + PathProbe::kSpacing - Nanoseconds{1}, kMuch) == 0);
  const std::uint32_t next = path.probe.next_probe(path.now + PathProbe::kSpacing, kMuch);
  CHECK(next > kBase);
  CHECK(next < kEthernet);
}

TEST_CASE("7.6.3: a timeout of the probe is its loss, and not a black hole's sign") {
  Path path;
  path.stop(kEthernet);
  path.deliver();
  path.probe.on_probe_sent(path.now, kEthernet);
  CHECK(!path.probe.on_timeout(path.now, kEthernet));
  CHECK(!path.probe.is_probing());
  CHECK(!path.probe.on_timeout(path.now, kBase));
  CHECK(path.probe.mss() == kBase);
  path.deliver();
  CHECK(path.probe.next_probe(path.now, kMuch) < kEthernet);
}

TEST_CASE("7.6.4: a probe lost with others, or in a timeout of others, is tried again") {
  for (const bool by_timeout : {false, true}) {
    Path path;
    path.stop(kEthernet);
    path.deliver();
    path.probe.on_probe_sent(path.now, kEthernet);
    if (by_timeout) {
      CHECK(!path.probe.on_timeout(path.now, 100));
    } else {
      path.probe.on_probe_inconclusive(path.now);
    }
    CHECK(!path.probe.is_probing());
    CHECK(path.probe.next_probe(path.now + PathProbe::kSpacing, kMuch) == 0);
    path.deliver();
    CHECK(path.probe.next_probe(path.now, kMuch) == kEthernet);
  }
}

TEST_CASE("7.3: the search ends less than kWorth below each path's length, in a few probes") {
  std::size_t most_probes = 0;
  for (std::uint32_t passes = kBase; passes <= kEthernet; ++passes) {
    CAPTURE(passes);
    Path path;
    path.passes = passes;
    path.stop(kEthernet);
    path.search();
    CHECK(path.probe.mss() <= passes);
    CHECK(path.probe.mss() + PathProbe::kWorth > passes);
    most_probes = std::max(most_probes, path.probes.size());
  }
  CHECK(most_probes <= 9);
  // Paths of common lengths are used fully: IPv6's least, WireGuard, VXLAN, GRE, PPPoE.
  for (const std::uint32_t passes : {1240, 1380, 1410, 1436, 1440, 1452}) {
    CAPTURE(passes);
    Path path;
    path.passes = passes;
    path.stop(kEthernet);
    path.search();
    CHECK(path.probe.mss() + 4 >= passes);
  }
}

TEST_CASE("7.3: ten minutes after it ended, the search begins again") {
  Path path;
  path.passes = 1300;
  path.stop(kEthernet);
  path.search();
  const std::uint16_t found = path.probe.mss();
  path.probes.clear();
  path.probe.on_acknowledged(kMuch);
  const std::uint32_t none = path.probe.next_probe(path.now + milliseconds(500'000), kMuch);
  CHECK(none == 0);
  path.now = path.now + PathProbe::kAgain;
  REQUIRE(path.try_probe());
  CHECK(path.probes.back() == kEthernet);
  CHECK(path.probe.mss() == found);
  path.search();
  CHECK(path.probe.mss() == found);
  path.passes = kEthernet;
  path.now = path.now + PathProbe::kAgain;
  path.search();
  CHECK(path.probe.mss() == kEthernet);
}

TEST_CASE("7.8: a length that passed as a probe and then stops is not tried again at once") {
  Path path;
  path.stop(kEthernet);
  path.deliver();
  CHECK(path.try_probe());
  CHECK(path.probe.mss() == kEthernet);
  path.passes = 1400;  // but for a single one, by another way
  path.stop(kEthernet);
  CHECK(path.probe.mss() == kBase);
  path.search();
  CHECK(path.probe.mss() <= 1400);
  CHECK(path.probe.mss() > 1400 - PathProbe::kWorth);
  CHECK(*std::max_element(path.probes.begin() + 1, path.probes.end()) < kEthernet);
}

TEST_CASE("7.8: the base isn't suspected for a probe that passed before") {
  Path path;
  path.stop(kEthernet);
  path.deliver();
  CHECK(path.try_probe());
  path.stop(kEthernet);
  path.stop(kBase);
  path.search();
  CHECK(path.probe.mss() > 1440);
}

TEST_CASE("7.3: a path that got somewhat wider is used as far, ten minutes later") {
  Path path;
  path.passes = 1300;
  path.stop(kEthernet);
  path.search();
  path.passes = 1400;
  path.now = path.now + PathProbe::kAgain;
  path.search();
  CHECK(path.probe.mss() > 1400 - PathProbe::kWorth);
  // A probe for which there was little data doesn't keep the next from being the longest.
  path.passes = kEthernet;
  path.now = path.now + PathProbe::kAgain;
  path.probe.on_acknowledged(kMuch);
  CHECK(path.try_probe(1410));
  path.deliver();
  CHECK(path.try_probe());
  CHECK(path.probe.mss() == kEthernet);
}

TEST_CASE("7.6.1: a probe that passes ends a row of timeouts") {
  Path path;
  path.stop(kEthernet);
  path.deliver();
  CHECK(!path.probe.on_timeout(path.now, kBase));
  CHECK(path.try_probe());
  CHECK(!path.probe.on_timeout(path.now, kEthernet));
  CHECK(path.probe.on_timeout(path.now, kEthernet));
}

TEST_CASE("a router's word is the length at once, and for ten minutes the longest to try") {
  Path path;
  path.probe.on_too_long(path.now, 1300);
  CHECK(path.probe.mss() == 1300);
  path.probe.on_too_long(path.now, 1400);
  CHECK(path.probe.mss() == 1300);
  path.search();
  CHECK(path.probes.empty());
  path.now = path.now + PathProbe::kAgain;
  REQUIRE(path.try_probe());
  CHECK(path.probes.back() == kEthernet);
  CHECK(path.probe.mss() == kEthernet);
}

TEST_CASE("the last few bytes are worth a probe if no more can be gained") {
  Path path;
  path.probe.on_too_long(path.now, kEthernet - 3);
  path.probe.on_acknowledged(kMuch);
  path.now = path.now + PathProbe::kAgain;
  CHECK(path.probe.next_probe(path.now, kEthernet - 1) == 0);
  CHECK(path.try_probe());
  CHECK(path.probe.mss() == kEthernet);
}

TEST_CASE("a router's word is no probe's, and tried again after a fall") {
  Path path;
  path.stop(kEthernet);
  path.deliver();
  CHECK(path.try_probe());
  path.probe.on_too_long(path.now, 1300);
  path.stop(1300);
  path.deliver();
  CHECK(path.probe.next_probe(path.now, kMuch) == 1300);
}

TEST_CASE("a router's word about a probe is the next to try") {
  Path path;
  path.stop(kEthernet);
  path.deliver();
  path.probe.on_probe_sent(path.now, kEthernet);
  path.probe.on_too_long(path.now, 1380);
  CHECK(path.probe.mss() == kBase);
  path.probe.on_probe_lost(path.now);
  path.deliver();
  CHECK(path.try_probe());
  CHECK(path.probe.mss() == 1380);
  path.search();
  CHECK(path.probes == std::vector<std::uint32_t>{1380});
}

TEST_CASE("whatever happens in whatever order, lengths stay within bounds and probes are spaced") {
  std::mt19937 random(7);
  const auto below = [&](std::uint32_t bound) {
    return static_cast<std::uint32_t>(random()) % bound;
  };
  for (int life = 0; life < 2000; ++life) {
    const auto most = static_cast<std::uint16_t>(536 + below(kEthernet - 536 + 1));
    PathProbe probe(most);
    Nanoseconds now{};
    Nanoseconds last{};
    for (int i = 0; i < 300; ++i) {
      now = now + milliseconds(below(100) == 0 ? 700'000 : below(2000));
      const std::uint16_t before = probe.mss();
      const std::uint32_t what = below(7);
      bool fell = false;
      if (what == 0) fell = probe.on_timeout(now, below(2) == 0 ? before : below(1500));
      if (what == 1) probe.on_probe_acknowledged(now);
      if (what == 2) probe.on_probe_lost(now);
      if (what == 3) probe.on_probe_inconclusive(now);
      if (what == 4 && below(10) == 0) {
        probe.on_too_long(now, static_cast<std::uint16_t>(512 + below(1000)));
      }
      if (what > 4) probe.on_acknowledged(below(10) == 0 ? ~0U : below(100'000));
      REQUIRE((what != 0 || fell == (probe.mss() < before)));
      const std::uint32_t payload = probe.next_probe(now, below(4000));
      if (payload != 0) {
        REQUIRE(!probe.is_probing());
        REQUIRE(payload > probe.mss());
        REQUIRE(payload <= most);
        REQUIRE(now >= last + PathProbe::kSpacing);
        last = now;
        probe.on_probe_sent(now, payload);
      }
      REQUIRE(probe.mss() >= std::min<std::uint16_t>(most, kLeast));
      REQUIRE(probe.mss() <= most);
    }
  }
}
