// Tests of the machine's end, in virtual time.
#include "firmware/shutdown.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/fake_console.hpp"

namespace mote {
namespace {

// A machine with responses in delivery, of which each drain shows the current number.
struct FakeMachine {
  PowerRequest pressed = PowerRequest::kNone;
  std::size_t left = 0;
  std::size_t used = 0;  // connections that have just been used
  unsigned drains = 0;
  unsigned cuts = 0;
  bool sent = true;
  std::vector<PowerAction> actions;

  PowerRequest asked() { return std::exchange(pressed, PowerRequest::kNone); }
  http::Undrained drain() {
    ++drains;
    return {.responses = left, .connections = left + used};
  }
  void cut_off() {
    cuts += left + used > 0 ? 1 : 0;
    left = used = 0;
  }
  [[nodiscard]] bool has_sent() const { return sent; }
  void perform(PowerAction action) { actions.push_back(action); }
};

struct World {
  explicit World(Nanoseconds drain_time = milliseconds(5000)) : shutdown(machine, drain_time) {
    console::written().clear();
  }

  // Looks as often as it is asked to, until the machine has ended or this much time has passed.
  void pass(Nanoseconds time) {
    const Nanoseconds end = now + time;
    while (machine.actions.empty() && now < end) {
      now = now + shutdown.look(now);
    }
  }
  void press(PowerRequest button = PowerRequest::kOff) { machine.pressed = button; }

  // Milliseconds since the world began.
  [[nodiscard]] std::uint64_t passed() const { return (now - kStart).value / 1'000'000; }

  static constexpr Nanoseconds kStart = milliseconds(1000);
  FakeMachine machine;
  Nanoseconds now = kStart;
  Shutdown<FakeMachine> shutdown;
};

using Actions = std::vector<PowerAction>;

TEST_CASE("without a press, nothing but a look each 250 ms") {
  World world;
  CHECK(world.shutdown.look(world.now) == milliseconds(250));
  world.pass(milliseconds(100'000));
  CHECK(world.machine.drains == 0);
  CHECK(world.machine.actions.empty());
  CHECK(console::written().empty());
}

TEST_CASE("idle: off after the time for connections just begun, and for the last segments") {
  World world;
  world.press();
  world.pass(milliseconds(10'000));
  CHECK(world.machine.actions == Actions{PowerAction::kOff});
  CHECK(world.passed() >= 150);
  CHECK(world.passed() <= 170);
  CHECK(world.machine.cuts == 0);
  CHECK(console::written() == "power: button pressed, 0 responses in delivery\n");
}

TEST_CASE("the last segments are waited for, but not for ever") {
  for (const bool leave : {true, false}) {
    World world;
    world.machine.sent = false;
    world.press();
    world.pass(milliseconds(700));
    CHECK(world.machine.actions.empty());
    world.machine.sent = leave;
    world.pass(milliseconds(10'000));
    CHECK(world.machine.actions == Actions{PowerAction::kOff});
    CHECK(world.passed() >= (leave ? 700 : 1100));
    CHECK(world.passed() <= (leave ? 720 : 1120));
  }
}

TEST_CASE("busy: off as soon as the last response has ended") {
  World world;
  world.machine.left = 2;
  world.press();
  world.pass(milliseconds(1000));
  CHECK(world.machine.actions.empty());
  CHECK(world.machine.drains > 90);
  world.machine.left = 0;
  world.pass(milliseconds(1000));
  CHECK(world.machine.actions == Actions{PowerAction::kOff});
  CHECK(world.passed() <= 1230);
  CHECK(world.machine.cuts == 0);
  CHECK(console::written() == "power: button pressed, 2 responses in delivery\n");
}

TEST_CASE("connections that have just been used are waited for, and cut off without a word") {
  for (const bool quiets : {true, false}) {
    World world;
    world.machine.used = 2;
    world.press();
    world.pass(milliseconds(500));
    CHECK(world.machine.actions.empty());
    world.machine.used = quiets ? 0 : 2;
    world.pass(milliseconds(10'000));
    CHECK(world.machine.cuts == (quiets ? 0 : 1));
    CHECK(world.machine.actions == Actions{PowerAction::kOff});
    CHECK(console::written() == "power: button pressed, 0 responses in delivery\n");
  }
}

TEST_CASE("responses that don't end are cut off when the time is up") {
  World world;
  world.machine.left = 1;
  world.press();
  world.pass(milliseconds(4900));
  CHECK(world.machine.cuts == 0);
  world.pass(milliseconds(10'000));
  CHECK(world.machine.cuts == 1);
  CHECK(world.machine.actions == Actions{PowerAction::kOff});
  CHECK(world.passed() >= 5050);
  CHECK(world.passed() <= 5080);
  CHECK(console::written() ==
        "power: button pressed, 1 response in delivery\npower: 1 response cut off\n");
}

TEST_CASE("a second press doesn't wait for responses") {
  World world;
  world.machine.left = 3;
  world.press();
  world.pass(milliseconds(300));
  world.press();
  world.pass(milliseconds(1000));
  CHECK(world.machine.cuts == 1);
  CHECK(world.machine.actions == Actions{PowerAction::kOff});
  CHECK(world.passed() <= 550);
}

TEST_CASE("no time at all: cut off at once") {
  World world(milliseconds(0));
  world.machine.left = 3;
  world.press();
  world.pass(milliseconds(1000));
  CHECK(world.machine.cuts == 1);
  CHECK(world.passed() <= 220);
}

TEST_CASE("Ctrl+Alt+Del ends in a reset") {
  World world;
  world.press(PowerRequest::kReset);
  world.pass(milliseconds(1000));
  CHECK(world.machine.actions == Actions{PowerAction::kReset});
  CHECK(console::written() == "power: Ctrl+Alt+Del pressed, 0 responses in delivery\n");
}

TEST_CASE("requests from within, each kind; a later one changes the end, but doesn't hurry it") {
  for (const PowerAction action : {PowerAction::kOff, PowerAction::kReset, PowerAction::kHalt}) {
    World world;
    world.machine.left = 1;
    world.shutdown.request(PowerAction::kReset, "agent asks for reboot");
    world.pass(milliseconds(100));
    CHECK(console::written() == "power: agent asks for reboot, 1 response in delivery\n");
    world.shutdown.request(action, "agent asks for something else");
    world.pass(milliseconds(1000));
    CHECK(world.machine.actions.empty());
    world.machine.left = 0;
    world.pass(milliseconds(1000));
    CHECK(world.machine.actions == Actions{action});
    CHECK(world.machine.cuts == 0);
  }
}

TEST_CASE("the button hurries an end that was asked for from within") {
  World world;
  world.machine.left = 1;
  world.shutdown.request(PowerAction::kReset, "agent asks for reboot");
  world.pass(milliseconds(100));
  world.press();
  world.pass(milliseconds(1000));
  CHECK(world.machine.actions == Actions{PowerAction::kOff});
  CHECK(world.machine.cuts == 1);
}

TEST_CASE("a press during the farewell changes nothing, and the end comes once") {
  World world;
  world.press();
  static_cast<void>(world.shutdown.look(world.now));
  world.press();
  world.pass(milliseconds(1000));
  CHECK(world.machine.actions == Actions{PowerAction::kOff});
  static_cast<void>(world.shutdown.look(world.now + milliseconds(1000)));
  CHECK(world.machine.actions.size() == 1);
}

}  // namespace
}  // namespace mote
