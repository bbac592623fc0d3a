// Tests of the agent at work, on a virtio port and on a serial port, with a host that doesn't read.
#include "firmware/agent_service.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <string>

#include "tests/unit/agent/world.hpp"
#include "tests/unit/drivers/virtio/serial_device.hpp"

namespace mote {
namespace {

using virtio::FakeSerialDevice;
using virtio::SerialWorld;

constexpr std::string_view kPing = R"({"execute":"guest-ping"})";
const std::string kPong = "{\"return\":{}}\n";

struct World : SerialWorld {
  World() {
    agent::machine = {};
    open();
    service.start(agent::kHost);
  }
  // One turn; returns what the device has got, if it reads.
  void turn() {
    service.serve(port.queues());
    port.flush();
  }
  std::string read() {
    std::string all;
    for (std::string some = device.read(5); !some.empty(); some = device.read(5)) {
      all += some;
      turn();
    }
    return all;
  }
  [[nodiscard]] bool is_at_rest() {
    Watch watch;
    port.queues().watch(watch, service.takes_input(port.queues()));
    return !watch.has_changed() && !service.is_in_hurry();
  }

  AgentService service{};
};

TEST_CASE("answers on a virtio port") {
  World world;
  world.turn();
  CHECK(world.is_at_rest());
  CHECK(world.device.write(4, kPing));
  CHECK_FALSE(world.is_at_rest());
  world.turn();
  CHECK(world.read() == kPong);
  CHECK(world.is_at_rest());
}

TEST_CASE("a long answer leaves in pieces") {
  World world;
  agent::machine.interfaces.assign(8, {});
  world.turn();
  CHECK(world.device.write(4, R"({"execute":"guest-network-get-interfaces"})"));
  world.turn();
  const std::string given = world.read();
  CHECK(given.size() > 1500);
  const agent::Line line(given);
  CHECK(line.root->find("return")->is_list());
}

TEST_CASE("a host that doesn't read: the agent rests, and goes on later") {
  World world;
  world.turn();
  std::size_t written = 0;
  for (int i = 0; i < 1000; ++i) {
    written += world.device.write(4, kPing) ? 1 : 0;
    world.turn();
  }
  CHECK(written < 10);
  CHECK(world.is_at_rest());
  std::string given;
  for (int i = 0; i < 20; ++i) {
    given += world.read();
    world.turn();
  }
  CHECK(given.size() == written * kPong.size());
  CHECK(world.is_at_rest());
}

TEST_CASE("a client that goes takes its answer along") {
  World world;
  world.turn();
  CHECK(world.device.write(4, R"({"execute":"guest-info"}{"execute":"gue)"));
  world.turn();
  CHECK(world.device.control(1, virtio::port_event::kOpen, 0));
  world.turn();
  CHECK_FALSE(world.device.read(5).empty());  // returned, whoever read it
  world.turn();
  CHECK(world.is_at_rest());
  CHECK(world.device.control(1, virtio::port_event::kOpen, 1));
  world.turn();
  CHECK(world.device.write(4, kPing));
  world.turn();
  CHECK(world.read() == kPong);
}

// A 16550 whose characters come from a queue and go to a string.
struct Line {
  std::deque<char> input = {};
  std::string output = {};
  std::size_t room = 1 << 20;
  std::uint8_t scratch = 0;
  std::size_t accesses = 0;
};

struct LineMachine {
  Line* line;
  [[nodiscard]] std::uint8_t in8(IoPort at) const {
    using namespace uart_register;
    ++line->accesses;
    switch (at.value - kCom2.value) {
      case 0: {
        const char next = line->input.empty() ? '\0' : line->input.front();
        if (!line->input.empty()) line->input.pop_front();
        return static_cast<std::uint8_t>(next);
      }
      case 5:
        return static_cast<std::uint8_t>(
            (line->input.empty() ? 0 : kDataReady) |
            (line->room >= 16 ? kHoldingEmpty | kTransmitterEmpty : 0));
      case 7:
        return line->scratch;
      default:
        return at.value - kCom2.value == 2 ? kFifosEnabled : 0;
    }
  }
  void out8(IoPort at, std::uint8_t value) const {
    if (at == uart_register::kCom2 + 7) line->scratch = value;
    if (at == uart_register::kCom2 && is_up()) {
      line->output += static_cast<char>(value);
      --line->room;
    }
  }
  [[nodiscard]] bool is_up() const { return line->accesses > 3; }  // not the divisor
  [[nodiscard]] static std::uint64_t now() { return 0; }
  [[nodiscard]] static std::uint64_t in(Nanoseconds) { return 0; }
};

struct LineWorld {
  LineWorld() {
    agent::machine = {};
    service.start(agent::kHost);
    uart.initialize();
    REQUIRE(uart.is_there());
  }
  // Turns for a time, as the run loop would.
  void run(Nanoseconds time) {
    const Nanoseconds end = now + time;
    while (std::max(now, service.line_is_due()) < end) {
      now = std::max(now, service.line_is_due());
      service.serve(uart, now);
    }
    now = end;
  }

  Line line;
  BasicUart<LineMachine> uart{LineMachine{&line}, uart_register::kCom2};
  AgentService service{};
  Nanoseconds now = milliseconds(1);
};

TEST_CASE("answers on a serial port, and costs an access in 250 ms otherwise") {
  LineWorld world;
  world.line.accesses = 100;
  world.run(milliseconds(10'000));
  CHECK(world.line.accesses <= 141);
  world.line.input.insert(world.line.input.end(), kPing.begin(), kPing.end());
  world.run(milliseconds(300));
  CHECK(world.line.output == kPong);
  world.run(milliseconds(20));
  world.line.accesses = 100;
  world.run(milliseconds(10'000));
  CHECK(world.line.accesses <= 141);
}

TEST_CASE("a serial port that is stuck isn't asked often, nor loses a character") {
  LineWorld world;
  world.line.input.insert(world.line.input.end(), kPing.begin(), kPing.end());
  world.line.room = 0;
  world.run(milliseconds(1'000));
  world.line.accesses = 100;
  world.run(milliseconds(10'000));
  CHECK(world.line.accesses <= 141);
  CHECK(world.line.output.empty());
  world.line.room = 1000;
  world.run(milliseconds(1'000));
  CHECK(world.line.output == kPong);
}

}  // namespace
}  // namespace mote
