// Tests of the run loop's deadlines: when it looks around, runs timers and sends the log, and how
// long it waits.
#include "firmware/run_loop.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace mote {
namespace {

constexpr Nanoseconds kFar = milliseconds(1'000'000);

// A machine in virtual time. A turn takes no time; a wait lasts as long as asked, unless `wakes_at`
// ends it.
struct FakeMachine {
  Nanoseconds time = milliseconds(1000);
  Nanoseconds timer = kFar;
  std::vector<Nanoseconds> looks;
  std::vector<Nanoseconds> departures_run;
  std::vector<Nanoseconds> told;  // the senders' time, in each run of the timers and turn of NICs
  std::vector<Nanoseconds> timers_run;
  std::vector<Nanoseconds> waits;  // the time at which each ends
  std::vector<Nanoseconds> last_works;
  unsigned announcements = 0;
  Nanoseconds look_interval = milliseconds(250);
  bool is_busy = false;
  bool logs = false;
  bool reachable = false;
  bool has_work = false;  // a watched word shows it
  idle::Woken woken = idle::Woken::kByTime;

  [[nodiscard]] Nanoseconds now() const { return time; }
  Nanoseconds look_around(Nanoseconds now) {
    looks.push_back(now);
    return look_interval;
  }
  void run_timers() {
    timers_run.push_back(time);
    told.push_back(departures_run.empty() ? Nanoseconds{} : departures_run.back());
  }
  [[nodiscard]] Nanoseconds next_timer() const { return timer; }
  void run_departures(Nanoseconds now) { departures_run.push_back(now); }
  bool turn_nics() {
    told.push_back(departures_run.empty() ? Nanoseconds{} : departures_run.back());
    return is_busy;
  }
  [[nodiscard]] bool send_log() const { return logs; }
  [[nodiscard]] bool is_reachable() const { return reachable; }
  void announce() { ++announcements; }
  void watch(Watch& watch) const {
    if (has_work) {
      watch.add_due();
    }
  }
  idle::Woken wait(const Watch&, Nanoseconds until, Nanoseconds last_work) {
    waits.push_back(until);
    last_works.push_back(last_work);
    if (woken == idle::Woken::kByTime) {
      time = until;
    }
    return woken;
  }
  [[nodiscard]] idle::Counts idle_counts() const { return {waits.size(), 7}; }
};

struct World {
  FakeMachine machine;
  LoopCounters counters;
  RunLoop<FakeMachine> loop{machine, counters};
};

TEST_CASE("an idle loop waits from one look around to the next") {
  World world;
  for (int turn = 0; turn < 5; ++turn) {
    world.loop.turn();
  }
  REQUIRE(world.machine.looks.size() == 5);
  for (std::size_t at = 1; at < 5; ++at) {
    CHECK(world.machine.looks[at] - world.machine.looks[at - 1] == milliseconds(250));
  }
  CHECK(world.counters.turns == 5);
  CHECK(world.counters.busy_turns == 0);
  CHECK(world.counters.dozes == 5);
  CHECK(world.counters.late_wakes == 7);
}

TEST_CASE("the machine says when to look around again") {
  World world;
  world.machine.look_interval = milliseconds(10);
  world.loop.turn();
  CHECK(world.machine.waits.back() == milliseconds(1010));
}

TEST_CASE("the next timer ends the wait, and runs then") {
  World world;
  world.machine.timer = milliseconds(1040);
  world.loop.turn();
  CHECK(world.machine.waits.back() == milliseconds(1040));
  const std::size_t before = world.machine.timers_run.size();
  world.machine.timer = kFar;
  world.loop.turn();
  REQUIRE(world.machine.timers_run.size() == before + 1);
  CHECK(world.machine.timers_run.back() == milliseconds(1040));
}

TEST_CASE("while there is work the loop doesn't wait, and timers run every millisecond") {
  World world;
  world.machine.is_busy = true;
  world.machine.has_work = true;
  for (int turn = 0; turn < 100; ++turn) {
    world.loop.turn();
    world.machine.time = world.machine.time + microseconds(100);
  }
  CHECK(world.machine.waits.empty());
  CHECK(world.machine.timers_run.size() == 10);
  CHECK(world.counters.busy_turns == 100);
}

TEST_CASE("a timer set by a busy turn runs within a millisecond, however late the next was due") {
  World world;
  world.loop.turn();  // next timer: far away; next look: in 250 ms
  world.machine.time = world.machine.time - milliseconds(200);
  world.machine.woken = idle::Woken::kByWork;
  world.machine.has_work = true;
  world.loop.turn();
  const std::size_t before = world.machine.timers_run.size();
  world.machine.time = world.machine.time + milliseconds(1);
  world.loop.turn();
  CHECK(world.machine.timers_run.size() == before + 1);
}

TEST_CASE("departures tell the senders a turn's time before timers and NICs let them send") {
  World world;
  world.machine.is_busy = true;
  world.machine.has_work = true;
  for (int turn = 0; turn < 3; ++turn) {
    world.machine.told.clear();
    world.loop.turn();
    const Nanoseconds now = world.machine.time;
    CHECK(world.machine.told == std::vector{now, now});
    world.machine.time = world.machine.time + milliseconds(5);
  }
}

TEST_CASE("unsent log lines shorten the wait to a millisecond") {
  World world;
  world.machine.logs = true;
  world.loop.turn();
  CHECK(world.machine.waits.back() == milliseconds(1001));
}

TEST_CASE("an unexplained interrupt makes the loop look around at once") {
  World world;
  world.machine.woken = idle::Woken::kBySomething;
  world.loop.turn();
  world.loop.turn();
  CHECK(world.machine.looks.size() == 2);
}

TEST_CASE("work that ends a wait doesn't make the loop look around sooner") {
  World world;
  world.machine.woken = idle::Woken::kByWork;
  world.loop.turn();
  world.loop.turn();
  CHECK(world.machine.looks.size() == 1);
}

TEST_CASE("the machine is announced once, when it can be reached") {
  World world;
  world.loop.turn();
  CHECK(world.machine.announcements == 0);
  world.machine.reachable = true;
  world.loop.turn();
  world.loop.turn();
  CHECK(world.machine.announcements == 1);
}

TEST_CASE("a wait gets the time of the last work") {
  World world;
  world.machine.is_busy = true;
  world.loop.turn();
  CHECK(world.machine.last_works.back() == milliseconds(1000));
  world.machine.is_busy = false;
  world.loop.turn();
  CHECK(world.machine.last_works.back() == milliseconds(1000));
}

}  // namespace
}  // namespace mote
