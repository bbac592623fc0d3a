// A wheel must do what a sorted list of times would, if later by less than its resolution.
#include "netstack/sender/departures.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <random>
#include <vector>

using namespace mote;
using netstack::Departure;
using netstack::Departures;

namespace {

constexpr Nanoseconds kNever = Departure::kNever;
constexpr Nanoseconds kResolution = Departures::kResolution;
constexpr Nanoseconds seconds(std::uint64_t count) { return milliseconds(count * 1000); }
constexpr Nanoseconds kHour = seconds(3600);

struct Node : Departure {
  unsigned departed = 0;
};

// A wheel whose clock is moved by hand.
struct Clock {
  Departures departures;
  Nanoseconds now = seconds(100);

  unsigned run() {
    unsigned departed = 0;
    departures.run(now, [&](Departure& node) {
      ++static_cast<Node&>(node).departed;
      ++departed;
    });
    return departed;
  }
  unsigned run_at(Nanoseconds time) {
    now = time;
    return run();
  }
  // Runs at each time that `next` names, for as long as that isn't later than `end`.
  unsigned runs_until(Nanoseconds end) {
    unsigned runs = 0;
    while (departures.next() <= end) {
      run_at(std::max(departures.next(), now));
      ++runs;
    }
    now = end;
    return runs;
  }
};

}  // namespace

TEST_CASE("a node departs once, not early, and late by less than the resolution") {
  for (const Nanoseconds wait :
       {Nanoseconds{1}, microseconds(100), kResolution, microseconds(300), milliseconds(16),
        milliseconds(17), milliseconds(64), milliseconds(200), seconds(1), seconds(2), seconds(59),
        seconds(61), seconds(68), seconds(200), kHour, Nanoseconds{100 * kHour.value}}) {
    CAPTURE(wait.value);
    Clock clock;
    Node node;
    clock.run();
    const Nanoseconds due = clock.now + wait;
    clock.departures.set(node, due);
    CHECK(node.due() == due);
    clock.runs_until(due - Nanoseconds{1});
    CHECK(clock.run_at(due - Nanoseconds{1}) == 0);
    REQUIRE(node.is_set());
    clock.runs_until(due + kResolution - Nanoseconds{1});
    CHECK(node.departed == 1);
    CHECK(!node.is_set());
    CHECK(clock.run_at(due + kHour) == 0);
  }
}

TEST_CASE("what is due already departs in the next run, the first of all included") {
  Clock clock;
  Node first;
  clock.departures.set(first, Nanoseconds{});
  CHECK(clock.departures.next() <= clock.now);
  CHECK(clock.run() == 1);
  CHECK(clock.run() == 0);
  Node second;
  clock.departures.set(second, clock.now - milliseconds(500));
  CHECK(clock.departures.next() <= clock.now);
  CHECK(clock.run() == 1);
  CHECK(second.departed == 1);
}

TEST_CASE("the wheel rests when nothing is set") {
  Clock clock;
  CHECK(clock.run() == 0);
  CHECK(clock.departures.next() == kNever);
  Node node;
  clock.departures.set(node, kNever);
  CHECK(!node.is_set());
  CHECK(clock.departures.next() == kNever);
  clock.departures.set(node, clock.now + seconds(1));
  CHECK(clock.departures.next() <= clock.now + seconds(1));
  clock.runs_until(clock.now + seconds(2));
  CHECK(node.departed == 1);
  CHECK(clock.departures.next() == kNever);
}

TEST_CASE("a node set for earlier or later departs at its last time only") {
  Clock clock;
  Node node;
  clock.run();
  const Nanoseconds start = clock.now;
  clock.departures.set(node, start + seconds(1));
  clock.departures.set(node, start + seconds(30));
  clock.departures.set(node, start + milliseconds(5));
  CHECK(clock.departures.next() <= start + milliseconds(5) + kResolution);
  clock.departures.set(node, start + milliseconds(400));
  clock.runs_until(start + milliseconds(400) - Nanoseconds{1});
  CHECK(node.departed == 0);
  clock.runs_until(start + milliseconds(401));
  CHECK(node.departed == 1);
  clock.runs_until(start + seconds(100));
  CHECK(node.departed == 1);
}

TEST_CASE("a timer armed and disarmed by each reply moves only when its slot comes up") {
  Clock clock;
  Node node;
  clock.run();
  const Nanoseconds end = clock.now + seconds(10);
  unsigned runs = 0;
  while (clock.now < end) {
    clock.departures.set(node, clock.now + milliseconds(200));
    Departures::cancel(node);
    CHECK(!node.is_set());
    runs += clock.runs_until(clock.now + microseconds(100));
  }
  CHECK(node.departed == 0);
  CHECK(runs <= 2 * 10 * 5);  // of 100,000 replies: about once in 200 ms
  clock.runs_until(end + seconds(1));
  CHECK(node.departed == 0);
  CHECK(clock.departures.next() == kNever);
}

TEST_CASE("an ended node is forgotten, wherever it lies, and its memory is free") {
  Clock clock;
  clock.run();
  for (const Nanoseconds wait : {Nanoseconds{}, milliseconds(1), milliseconds(100), seconds(10)}) {
    Node before;
    Node after;
    clock.departures.set(before, clock.now + wait);
    {
      Node node;
      clock.departures.set(node, clock.now + wait);
      clock.departures.set(after, clock.now + wait);
      Departures::end(node);
      CHECK(!node.is_set());
      Departures::end(node);
    }
    clock.runs_until(clock.now + wait + kResolution);
    CHECK(before.departed == 1);
    CHECK(after.departed == 1);
  }
}

TEST_CASE("a node that is set again as it departs waits for the next run, if it is due at once") {
  Clock clock;
  Node node;
  Node rhythmic;
  clock.departures.set(node, clock.now);
  clock.departures.set(rhythmic, clock.now);
  for (unsigned i = 1; i <= 1000; ++i) {
    clock.departures.run(clock.now, [&](Departure& departure) {
      REQUIRE(!departure.is_set());
      ++static_cast<Node&>(departure).departed;
      clock.departures.set(departure,
                           &departure == &node ? Nanoseconds{} : clock.now + milliseconds(1));
    });
    CHECK(node.departed == i);
    CHECK(clock.departures.next() <= clock.now);
    clock.now = clock.now + kResolution;
  }
  CHECK(rhythmic.departed >= 200);
  CHECK(rhythmic.departed <= 263);
}

TEST_CASE("as nodes depart, others may be set, cancelled and ended") {
  Clock clock;
  clock.run();
  const Nanoseconds due = clock.now + milliseconds(3);
  std::array<Node, 16> nodes;
  for (Node& node : nodes) clock.departures.set(node, due);
  bool is_first = true;
  const Nanoseconds later = clock.now + seconds(1);
  clock.now = due + kResolution;
  clock.departures.run(clock.now, [&](Departure& departure) {
    ++static_cast<Node&>(departure).departed;
    if (!is_first) return;
    is_first = false;
    // All others, and this one: each is in one of four groups.
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (&nodes[i] == &departure) continue;
      if (i % 4 == 0) Departures::cancel(nodes[i]);
      if (i % 4 == 1) Departures::end(nodes[i]);
      if (i % 4 == 2) clock.departures.set(nodes[i], later);
    }
    Departures::end(departure);
  });
  unsigned departed = 0;
  unsigned waiting = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    departed += nodes[i].departed;
    waiting += nodes[i].is_set() ? 1 : 0;
    CHECK((i % 4 != 3 || nodes[i].departed == 1));
  }
  CHECK(departed >= 4);
  CHECK(departed <= 5);  // the first may be of another group
  CHECK(waiting >= 3);
  clock.runs_until(later + kResolution);
  for (const Node& node : nodes) CHECK(!node.is_set());
}

TEST_CASE("a machine that was paused for hours finds all that was due, and goes on") {
  Clock clock;
  clock.run();
  std::vector<Node> nodes(5000);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    clock.departures.set(nodes[i], clock.now + milliseconds(i * 20));
  }
  Node patient;
  const Nanoseconds resumed = clock.now + Nanoseconds{20 * kHour.value};
  clock.departures.set(patient, resumed + seconds(1));
  CHECK(clock.run_at(resumed) == nodes.size());
  CHECK(clock.runs_until(resumed + seconds(2)) <= 4);
  CHECK(patient.departed == 1);
  // A clock that steps back neither departs anybody early nor loses anyone.
  clock.departures.set(patient, clock.now + seconds(1));
  const Nanoseconds due = patient.due();
  CHECK(clock.run_at(clock.now - kHour) == 0);
  CHECK(clock.run_at(due - kResolution) == 0);
  CHECK(clock.run_at(due + kResolution) == 1);
}

namespace {

// What a sorted list of times does, beside a wheel that gets the same calls.
class Comparison {
 public:
  explicit Comparison(unsigned seed) : random_(seed) {}

  void act() {
    const std::uint32_t what = below(16);
    if (what < 13) return change();
    now_ = now_ + pass();
    run();
  }
  [[nodiscard]] std::uint64_t departed() const { return departed_; }

 private:
  static constexpr std::size_t kNodes = 200;

  struct Twin : Departure {
    std::multimap<std::uint64_t, Twin*>::iterator place;
    bool is_listed = false;
    std::uint64_t changed_in = 0;   // the last run in which a callback set it
    std::uint64_t departed_in = 0;  // the last run in which it departed
  };

  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_() % bound); }

  // Spans of each size, the wheels' edges included.
  Nanoseconds span(std::uint32_t most_bits) {
    const std::uint64_t bit = std::uint64_t{1} << below(most_bits);
    return {below(4) == 0 ? bit : bit + random_() % bit};
  }
  Nanoseconds pass() {
    switch (below(64)) {
      case 0:
        return span(44);  // up to five hours
      case 1:
        return span(36);
      case 2: {
        const Nanoseconds next = wheel_.next();
        return next > now_ && next != kNever ? next - now_ : Nanoseconds{};
      }
      default:
        return span(22);
    }
  }

  void change() {
    Twin& twin = twins_[below(kNodes)];
    const std::uint32_t what = below(16);
    if (what < 3) return cancel(twin);
    if (what < 4) return end(twin);
    if (what < 5) return set(twin, now_ - span(30));
    set(twin, now_ + span(what < 14 ? 28 : 42));
  }
  void unlist(Twin& twin) {
    if (twin.is_listed) list_.erase(twin.place);
    twin.is_listed = false;
  }
  void set(Twin& twin, Nanoseconds due) {
    unlist(twin);
    twin.place = list_.emplace(due.value, &twin);
    twin.is_listed = true;
    twin.changed_in = is_running_ ? runs_ : 0;
    wheel_.set(twin, due);
  }
  void cancel(Twin& twin) {
    unlist(twin);
    Departures::cancel(twin);
  }
  void end(Twin& twin) {
    unlist(twin);
    Departures::end(twin);
  }

  void depart(Twin& twin) {
    ++departed_;
    REQUIRE(twin.is_listed);
    REQUIRE(twin.place->first <= now_.value);
    REQUIRE(twin.departed_in != runs_);
    REQUIRE(!twin.is_set());
    twin.departed_in = runs_;
    unlist(twin);
    if (below(2) == 0) set(twin, below(4) == 0 ? now_ - span(24) : now_ + span(30));
    if (below(4) == 0) change();
  }

  void run() {
    ++runs_;
    is_running_ = true;
    wheel_.run(now_, [this](Departure& node) { depart(static_cast<Twin&>(node)); });
    is_running_ = false;
    // All that is left had less than the resolution to wait, or was set meanwhile.
    bool has_overdue = false;
    for (auto entry = list_.begin();
         entry != list_.end() && entry->first + kResolution.value <= now_.value; ++entry) {
      REQUIRE(entry->second->changed_in == runs_);
      has_overdue = true;
    }
    if (!list_.empty()) REQUIRE(wheel_.next().value < list_.begin()->first + kResolution.value);
    if (wheel_.next() <= now_) REQUIRE((has_overdue || wheel_.next() == Nanoseconds{}));
  }

  std::mt19937_64 random_;
  Departures wheel_;
  std::array<Twin, kNodes> twins_;
  std::multimap<std::uint64_t, Twin*> list_;
  Nanoseconds now_ = kHour;
  std::uint64_t runs_ = 0;
  std::uint64_t departed_ = 0;
  bool is_running_ = false;
};

}  // namespace

TEST_CASE("3,000,000 random calls have the effect that they have on a sorted list") {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    Comparison comparison(seed);
    for (unsigned i = 0; i < 300'000; ++i) comparison.act();
    CHECK(comparison.departed() > 50'000);
  }
}
