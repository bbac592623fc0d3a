// The long line's rules in virtual time: delay, bottleneck, queue, and every misfortune by its
// odds.
#include "tests/bench/long_line.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <vector>

using bench::Fate;
using bench::Journey;
using bench::Line;
using bench::Nanoseconds;
using bench::Travellers;
using bench::Way;

namespace {

constexpr Nanoseconds kMs = 1'000'000;
constexpr unsigned kFrames = 200'000;

std::vector<bool> losses(const Line& line, unsigned frames) {
  Way way(line);
  std::vector<bool> lost;
  for (unsigned at = 0; at < frames; ++at) {
    lost.push_back(way.enter(at, 100).fate == Fate::kLost);
  }
  return lost;
}

double share(std::uint64_t part) { return static_cast<double>(part) / kFrames; }

}  // namespace

TEST_CASE("without a bottleneck a frame takes the delay, however many there are") {
  Way way({.delay = 40 * kMs});
  for (unsigned at = 0; at < 1000; ++at) {
    const Journey journey = way.enter(5, 1514);
    CHECK(journey.fate == Fate::kCarried);
    CHECK(journey.copies == 1);
    CHECK(journey.due == 5 + 40 * kMs);
  }
  CHECK(way.counts().frames == 1000);
  CHECK(way.counts().bytes == 1'514'000);
  CHECK(way.counts().waited_most == 0);
}

TEST_CASE("a bottleneck sends one frame after the other") {
  Way way({.delay = kMs, .mbit = 10, .queue_bytes = 10'000});
  // 1,000 bytes take 0.8 ms at 10 Mbit/s.
  CHECK(way.enter(0, 1000).due == kMs + 800'000);
  CHECK(way.enter(0, 1000).due == kMs + 1'600'000);
  CHECK(way.enter(1'000'000, 500).due == kMs + 2'000'000);
  CHECK(way.counts().waited == 800'000 + 600'000);
  CHECK(way.counts().waited_most == 800'000);
  CHECK(way.counts().mean_wait() == 1'400'000 / 3);
  // It has been idle since.
  CHECK(way.enter(9'000'000, 1000).due == kMs + 9'800'000);
}

TEST_CASE("1,000 Mbit/s are carried exactly") {
  Way way({.mbit = 1000, .queue_bytes = 1'000'000'000});
  Nanoseconds due = 0;
  for (unsigned at = 0; at < 100'000; ++at) {
    due = way.enter(0, 1514).due;
  }
  CHECK(due == 100'000ULL * 1514 * 8);
}

TEST_CASE("what the queue has no room for is dropped, and takes no time") {
  Way way({.mbit = 100, .queue_bytes = 3000});
  CHECK(way.enter(0, 1500).fate == Fate::kCarried);
  CHECK(way.enter(0, 1500).fate == Fate::kCarried);
  CHECK(way.enter(0, 1500).fate == Fate::kDropped);
  CHECK(way.enter(0, 1).fate == Fate::kDropped);
  // After 60 µs half of the first is out: 2,250 bytes wait.
  CHECK(way.enter(60'000, 751).fate == Fate::kDropped);
  CHECK(way.enter(60'000, 750).due == 300'000);
  CHECK(way.counts().dropped == 3);
}

TEST_CASE("an empty queue takes a frame that is larger than it") {
  Way way({.mbit = 10, .queue_bytes = 100});
  CHECK(way.enter(0, 1500).fate == Fate::kCarried);
  CHECK(way.enter(0, 60).fate == Fate::kDropped);
  CHECK(way.enter(1'200'000, 1500).fate == Fate::kCarried);
}

TEST_CASE("a frame lost on the way has taken the bottleneck's time") {
  Way way({.mbit = 10, .queue_bytes = 10'000, .loss = 1});
  CHECK(way.enter(0, 1000).fate == Fate::kLost);
  CHECK(way.counts().lost == 1);
  CHECK(way.enter(0, 1000).fate == Fate::kLost);
  CHECK(way.counts().waited == 800'000);
}

TEST_CASE("loss has its odds, is drawn by the seed alone, and other seeds draw otherwise") {
  const Line line{.loss = 0.03, .seed = 7};
  const std::vector<bool> lost = losses(line, kFrames);
  CHECK(share(static_cast<std::uint64_t>(std::ranges::count(lost, true))) ==
        doctest::Approx(0.03).epsilon(0.05));
  Line slower = line;
  slower.delay = 100 * kMs;
  slower.duplicate = 0.2;
  slower.reorder = 0.2;
  CHECK(losses(slower, kFrames) == lost);
  Line other = line;
  other.seed = 8;
  CHECK(losses(other, kFrames) != lost);
}

TEST_CASE("a frame that is dropped doesn't change what becomes of those behind it") {
  Way roomy({.mbit = 1, .queue_bytes = 1 << 30, .loss = 0.2});
  Way narrow({.mbit = 1, .queue_bytes = 3000, .loss = 0.2});
  unsigned dropped = 0;
  unsigned both_lost = 0;
  for (unsigned at = 0; at < 2000; ++at) {
    const Fate wide = roomy.enter(at * kMs, 1000).fate;
    const Fate tight = narrow.enter(at * kMs, 1000).fate;
    dropped += tight == Fate::kDropped ? 1 : 0;
    both_lost += tight == Fate::kLost ? 1 : 0;
    CHECK((tight == Fate::kDropped || tight == wide));
  }
  CHECK(dropped > 1000);
  CHECK(both_lost > 10);
}

TEST_CASE("bursts of loss have their length and their odds") {
  const std::vector<bool> lost = losses({.burst_start = 0.001, .burst_frames = 8}, kFrames);
  std::uint64_t bursts = 0;
  for (std::size_t at = 0; at < lost.size(); ++at) {
    bursts += lost[at] && (at == 0 || !lost[at - 1]) ? 1 : 0;
  }
  const auto frames = static_cast<std::uint64_t>(std::ranges::count(lost, true));
  CHECK(share(bursts) == doctest::Approx(0.001).epsilon(0.25));
  CHECK(static_cast<double>(frames) / static_cast<double>(bursts) ==
        doctest::Approx(8).epsilon(0.25));
}

TEST_CASE("a frame is overtaken by those within the delay, and leaves in its turn by the clock") {
  Way way({.delay = kMs, .reorder = 0.1, .reorder_delay = 10});
  Travellers travellers;
  for (std::uint32_t at = 0; at < 1000; ++at) {
    travellers.add(way.enter(at * 3, 100).due, at);
  }
  std::vector<std::uint32_t> came;
  Nanoseconds before = 0;
  while (!travellers.empty()) {
    CHECK(travellers.next_due() >= before);
    before = travellers.next_due();
    came.push_back(travellers.take());
  }
  CHECK(came.size() == 1000);
  CHECK(!std::ranges::is_sorted(came));
  for (std::uint32_t at = 0; at < came.size(); ++at) {
    const std::uint32_t apart = came[at] > at ? came[at] - at : at - came[at];
    CHECK(apart <= 4);
  }
  CHECK(way.counts().reordered > 50);
}

TEST_CASE("of equal times, first come first out") {
  Travellers travellers;
  for (const std::uint32_t slot : {9U, 3U, 7U}) {
    travellers.add(5, slot);
  }
  travellers.add(4, 1);
  for (const std::uint32_t slot : {1U, 9U, 3U, 7U}) {
    CHECK(travellers.take() == slot);
  }
}

TEST_CASE("some arrive twice") {
  Way way({.duplicate = 0.05});
  std::uint64_t copies = 0;
  for (unsigned at = 0; at < kFrames; ++at) {
    copies += way.enter(at, 100).copies;
  }
  CHECK(copies == kFrames + way.counts().duplicated);
  CHECK(share(way.counts().duplicated) == doctest::Approx(0.05).epsilon(0.05));
}

TEST_CASE("marks are for those behind more than the threshold") {
  Way way({.mbit = 10, .queue_bytes = 100'000, .mark_bytes = 2000});
  CHECK(!way.enter(0, 1000).marked);
  CHECK(!way.enter(0, 1000).marked);
  CHECK(!way.enter(0, 1000).marked);  // behind exactly 2,000
  CHECK(way.enter(0, 1000).marked);
}

TEST_CASE("a mark keeps the header's sum right, and only ECN's own frames get one") {
  for (unsigned service = 0; service < 256; ++service) {
    for (const unsigned identification : {0U, 0xFFFFU, 0x8F3CU}) {
      std::array<std::uint8_t, 34> frame{};
      frame[12] = 8;
      frame[14] = 0x45;
      frame[15] = static_cast<std::uint8_t>(service);
      frame[18] = static_cast<std::uint8_t>(identification >> 8);
      frame[19] = static_cast<std::uint8_t>(identification);
      frame[22] = 64;
      const auto sum = [&frame] {  // RFC 1071
        unsigned total = 0;
        for (std::size_t at = 14; at < 34; at += 2) {
          total += static_cast<unsigned>(frame[at] << 8 | frame[at + 1]);
        }
        total = (total & 0xFFFF) + (total >> 16);
        return (total & 0xFFFF) + (total >> 16);
      };
      const unsigned complement = ~sum() & 0xFFFF;
      frame[24] = static_cast<std::uint8_t>(complement >> 8);
      frame[25] = static_cast<std::uint8_t>(complement);
      REQUIRE(sum() == 0xFFFF);
      CHECK(bench::mark_congestion(frame) == ((service & 3) != 0));
      CHECK((frame[15] & 3) == ((service & 3) == 0 ? 0 : 3));
      CHECK(sum() == 0xFFFF);
    }
  }
  std::array<std::uint8_t, 34> other{};
  other[15] = 1;
  CHECK(!bench::mark_congestion(other));
  CHECK(!bench::mark_congestion(std::span(other).first(33)));
}
