// Tests of a named port's driver: bring-up, finding the port, bytes both ways, resets, and a device
// that lies.
#include <algorithm>
#include <array>
#include <random>
#include <string>

#include "tests/unit/drivers/virtio/serial_device.hpp"

namespace mote::virtio {

namespace {

TEST_CASE("finds the port by its name, opens it, and passes bytes") {
  for (const bool legacy : {false, true}) {
    FakeSerialDevice device{.legacy = legacy};
    device.offered |= feature::kEventIndex;
    if (legacy) {
      device.offered &= ~feature::kVersion1;
    }
    SerialWorld world(device);
    world.open();
    REQUIRE(world.device.told.size() == 3);
    CHECK(world.device.told[0].event == port_event::kDeviceReady);
    CHECK(world.device.told[1].event == port_event::kReady);
    CHECK(world.device.told[2].event == port_event::kOpen);
    CHECK((world.device.told[2].id == 1 && world.device.told[2].value == 1));
    CHECK(world.device.entries[4] == (legacy ? 128 : 4));

    CHECK(world.device.write(4, "hello"));
    CHECK(world.receive() == "hello");
    for (int i = 0; i < 1000; ++i) {  // buffers come back
      CHECK(world.device.write(4, "again"));
      CHECK(world.receive() == "again");
    }
    CHECK(world.send("answer"));
    CHECK_FALSE(world.send("more"));  // until the device has read it
    CHECK(world.device.read(5) == "answer");
    CHECK(world.send("more"));
    CHECK(world.device.doorbells[5] > 0);
  }
}

TEST_CASE("received bytes may be consumed in parts, and a host waits for room") {
  SerialWorld world;
  world.open();
  CHECK(world.device.write(4, "abc"));
  CHECK(world.device.write(4, "def"));
  CHECK_FALSE(world.device.write(4, "no buffer"));
  CHECK(world.port.queues().received().size() == 3);
  world.port.queues().consume(0);
  world.port.queues().consume(2);
  CHECK(world.port.queues().received().size() == 1);
  world.port.queues().consume(1);
  world.port.flush();
  CHECK(world.device.write(4, "ghi"));
  CHECK(world.receive() == "defghi");
}

TEST_CASE("a port with another number: starts again, with its queues") {
  FakeSerialDevice device;
  device.ports = {{0, ""}, {1, "org.other.0"}, {2, std::string(kAgentName)}};
  SerialWorld world(device);
  REQUIRE(world.bring_up());
  world.settle();
  CHECK_FALSE(world.port.queues().is_open());
  REQUIRE(world.port.queues().other_port() == 2);
  CHECK(world.port.tend());
  CHECK_FALSE(world.port.is_running());
  CHECK(world.port.tend());
  REQUIRE(world.port.is_running());
  world.settle();
  CHECK(world.port.queues().is_open());
  CHECK(world.device.write(6, "hello"));
  CHECK(world.receive() == "hello");
  CHECK(world.send("answer"));
  CHECK(world.device.read(7) == "answer");
}

TEST_CASE("of two ports with the name, the one that is used stays") {
  FakeSerialDevice device;
  device.ports[2] = kAgentName;
  SerialWorld world(device);
  REQUIRE(world.bring_up());
  world.settle();
  CHECK(world.port.queues().is_open());
  CHECK_FALSE(world.port.queues().other_port());
}

TEST_CASE("thirty-one ports, and a plugged one") {
  FakeSerialDevice device;
  device.ports.clear();
  for (std::uint32_t i = 0; i < 31; ++i) {
    device.ports[i] = "other." + std::to_string(i) + std::string(i, 'x');
  }
  SerialWorld world(device);
  REQUIRE(world.bring_up());
  world.settle();
  CHECK(world.device.told.size() == 32);
  CHECK_FALSE(world.port.queues().is_open());
  world.device.ports[1] = kAgentName;
  CHECK(world.device.control(1, port_event::kAdd, 1));
  world.settle();
  CHECK(world.port.queues().is_open());
}

TEST_CASE("the other end closes and opens") {
  SerialWorld world;
  world.open();
  CHECK_FALSE(world.port.queues().was_closed());
  CHECK(world.send("an answer that nobody reads"));
  CHECK(world.device.control(1, port_event::kOpen, 0));
  world.settle();
  CHECK_FALSE(world.port.queues().is_open());
  CHECK(world.port.queues().was_closed());
  CHECK_FALSE(world.port.queues().was_closed());
  CHECK_FALSE(world.send("no"));
  CHECK(world.device.write(4, "stale"));
  CHECK(world.receive().empty());
  static_cast<void>(world.device.read(5));
  CHECK(world.device.control(1, port_event::kOpen, 1));
  world.settle();
  CHECK(world.port.queues().is_open());
  CHECK(world.send("new"));
  CHECK(world.device.read(5) == "new");

  CHECK(world.device.control(1, port_event::kRemove, 1));
  world.settle();
  CHECK_FALSE(world.port.queues().is_open());
}

TEST_CASE("what can't be used is named, and left in reset") {
  const auto error_of = [](FakeSerialDevice device) {
    SerialWorld world(std::move(device));
    CHECK_FALSE(world.bring_up());
    CHECK_FALSE(world.port.is_running());
    CHECK(world.device.status == (world.device.ends_reset ? 0 : world.device.status));
    return std::string(world.port.error());
  };
  CHECK(error_of({.offered = feature::kVersion1}).empty());  // a console alone
  CHECK(error_of({.ends_reset = false}) == "virtio-serial: the device does not end its reset");
  CHECK(error_of({.refuses_features = true}) == "virtio-serial: device refused features");
  CHECK(error_of({.refuses_queue = true}) ==
        "virtio-serial: the doorbell of queue 2 is out of reach");
  CHECK(error_of({.unreachable = "nothing"}) == "virtio-serial: nothing");
  CHECK(error_of({.offered = feature::kConsoleMultiport}) ==
        "virtio-serial: modern device without VIRTIO_F_VERSION_1");
  CHECK(error_of({.entries = {{2, 16}, {3, 32}, {4, 128}, {5, 128}}}) ==
        "virtio-serial: queue 2 of 16 entries can't be used");
  CHECK(error_of({.entries = {{2, 32}, {3, 32}, {4, 0}, {5, 128}}}) ==
        "virtio-serial: queue 4 of 0 entries can't be used");
  CHECK(error_of({.legacy = true, .entries = {{2, 32}, {3, 32}, {4, 96}, {5, 128}}}) ==
        "virtio-serial: queue 4 of 96 entries can't be used");
  CHECK(error_of({.legacy = true, .entries = {{2, 32}, {3, 256}, {4, 128}, {5, 128}}}) ==
        "virtio-serial: queue 3 of 256 entries can't be used");
}

TEST_CASE("too little memory") {
  SerialWorld world;
  const std::size_t most = (512 << 10) - 5000;
  REQUIRE(dma::allocate(most, 1).size() == most);
  CHECK_FALSE(world.bring_up());
  CHECK(world.port.error() == "virtio-serial: no memory left for queue 2 of 32 entries");
  CHECK_FALSE(world.bring_up());
  CHECK(world.port.error() == "virtio-serial: no memory left for its buffers");
}

TEST_CASE("a modern port takes little memory") {
  SerialWorld world;
  world.open();
  CHECK(dma::mark() <= 8192);
}

TEST_CASE("a device that needs a reset gets one, and the port comes back") {
  SerialWorld world;
  world.open();
  world.device.status |= status::kNeedsReset;
  world.device.ends_reset = false;
  CHECK(world.port.tend());
  CHECK_FALSE(world.port.is_running());
  CHECK(world.port.tend());
  CHECK_FALSE(world.port.is_running());
  world.device.ends_reset = true;
  world.device.status = 0;
  world.device.queues.clear();
  CHECK(world.port.tend());
  REQUIRE(world.port.is_running());
  world.settle();
  CHECK(world.port.queues().was_closed());
  CHECK(world.port.queues().is_open());
  CHECK(world.device.write(4, "hello"));
  CHECK(world.receive() == "hello");

  world.device.status |= status::kNeedsReset;
  CHECK(world.port.tend());
  world.device.entries[4] = 2;  // another device than before
  CHECK_FALSE(world.port.tend());
  CHECK_FALSE(world.port.tend());
  CHECK_FALSE(world.port.is_running());
  CHECK(world.device.status == 0);
}

TEST_CASE("a device that has gone is never touched again, even if another takes its place") {
  for (const bool says_so : {false, true}) {
    SerialWorld world;
    world.open();
    if (says_so) {
      world.port.let_go();
      CHECK(world.device.status == 0);
    } else {
      world.device.status = 0xFF;
      CHECK_FALSE(world.port.tend());
      CHECK(world.port.error() == "virtio-serial: the device doesn't answer");
    }
    CHECK_FALSE(world.port.is_sound());
    for (const std::uint8_t status : {0x00, 0x0F, 0x4F}) {
      world.device.status = status;
      static_cast<void>(world.port.tend());
      world.port.flush();
      CHECK(world.device.status == status);
    }
  }
}

TEST_CASE("buffers that the device forgets with their clients") {
  SerialWorld world;
  world.open();
  const auto leave = [&] {
    CHECK(world.send("an answer that nobody reads"));
    CHECK(world.device.next(5).has_value());  // and never completed
    CHECK(world.device.control(1, port_event::kOpen, 0));
    CHECK(world.device.control(1, port_event::kOpen, 1));
    world.settle();
    CHECK(world.port.queues().is_open());
  };
  leave();
  CHECK(world.port.tend());
  CHECK(world.port.is_running());
  CHECK(world.send("another buffer"));
  CHECK(world.device.read(5) == "another buffer");
  leave();
  CHECK_FALSE(world.send("no room"));
  CHECK(world.port.tend());
  CHECK(world.port.tend());
  REQUIRE(world.port.is_running());
  world.settle();
  CHECK(world.send("answer"));
  CHECK(world.device.read(5) == "answer");

  CHECK(world.send("unread"));
  const auto chain = world.device.next(5);
  CHECK(world.device.control(1, port_event::kOpen, 0));
  world.settle();
  CHECK(world.port.queues().needs_reset());
  world.device.queues[5].complete(chain->head, 0);  // it comes back after all
  world.settle();
  CHECK_FALSE(world.port.queues().needs_reset());
}

TEST_CASE("watches what may bring work") {
  SerialWorld world;
  world.open();
  const auto changed = [&](bool takes_input) {
    Watch watch;
    world.port.queues().watch(watch, takes_input);
    return watch.has_changed();
  };
  CHECK_FALSE(changed(true));
  CHECK(world.device.write(4, "hello"));
  CHECK(changed(true));
  CHECK_FALSE(changed(false));  // an answer waits: input must wait, too
  CHECK(world.receive() == "hello");
  CHECK(world.send("answer"));
  CHECK_FALSE(changed(true));
  static_cast<void>(world.device.read(5));
  CHECK(changed(false));
  CHECK_FALSE(world.port.queues().room().empty());
  CHECK(world.device.control(1, port_event::kOpen, 0));
  CHECK(changed(false));
  world.settle();
  CHECK_FALSE(changed(true));
  world.port.arm(true);
  CHECK(world.device.queues[4].available_flags() == 0);
  world.port.disarm();
  CHECK(world.device.queues[4].available_flags() == 1);
  CHECK(world.device.cleared == 1);
}

TEST_CASE("control messages that make no sense") {
  SerialWorld world;
  world.open();
  CHECK(world.device.write(2, "short"));
  CHECK(world.device.write(2, ""));
  CHECK(world.device.control(32, port_event::kAdd, 1));
  CHECK(world.device.control(~0U, port_event::kOpen, 0));
  CHECK(world.device.control(~0U, port_event::kName, 1, kAgentName));
  CHECK(world.device.control(1, 99, 1));
  CHECK(world.device.control(1, port_event::kName, 1));
  CHECK(world.device.control(1, port_event::kName, 1, std::string(56, 'n')));
  CHECK(world.device.control(1, port_event::kName, 1, std::string(57, 'n')));  // cut
  CHECK(world.device.write(2, "\1\0\0\0\6\0\0\0", 9999));
  world.settle();
  CHECK(world.port.queues().is_open());
  CHECK(world.port.is_running());
}

TEST_CASE("completions that make no sense") {
  SerialWorld world;
  world.open();
  CHECK(world.device.write(4, "abc", 513));
  CHECK(world.receive().empty());
  CHECK(world.device.write(4, "abc", 0));
  CHECK(world.receive().empty());
  for (const std::uint16_t queue : {2, 3, 4, 5}) {
    for (const std::uint32_t id : {0U, 1U, 3U, 4U, 31U, 32U, 128U, 0xFFFFU, ~0U}) {
      world.device.queues[queue].complete(id, 7);
    }
    world.device.queues[queue].set_used_index(
        static_cast<std::uint16_t>(world.device.queues[queue].used_index() + 40'000));
    world.port.queues().poll();
    static_cast<void>(world.receive());
    static_cast<void>(world.port.queues().room());
    world.port.flush();
  }
}

TEST_CASE("a device that does anything at all") {
  std::mt19937 chance(7);
  for (int round = 0; round < 200; ++round) {
    SerialWorld world;
    world.device.is_open = round % 2 == 0;
    REQUIRE(world.bring_up());
    for (int step = 0; step < 200; ++step) {
      const auto queue = static_cast<std::uint16_t>(2 + chance() % 4);
      if (!world.device.queues[queue].attached()) {
        static_cast<void>(world.port.tend());
        continue;
      }
      switch (chance() % 8) {
        case 0:
          world.device.queues[queue].complete(chance() % 40, chance() % 600);
          break;
        case 1:
          world.device.queues[queue].set_used_index(static_cast<std::uint16_t>(chance()));
          break;
        case 2:
          world.device.control(chance() % 34, static_cast<std::uint16_t>(chance() % 9),
                               static_cast<std::uint16_t>(chance() % 2),
                               chance() % 2 == 0 ? kAgentName : "other");
          break;
        case 3:
          world.device.status |= chance() % 8 == 0 ? status::kNeedsReset : 0;
          break;
        case 4:
          world.device.write(4, std::string(chance() % 600, 'x'));
          break;
        default:
          break;
      }
      if (!world.port.tend()) {
        break;
      }
      if (world.port.is_running()) {
        world.port.queues().poll();
        static_cast<void>(world.receive());
        world.send(std::string(chance() % PortBuffers::kSentBytes, 'y'));
        world.port.flush();
      }
    }
  }
}

}  // namespace
}  // namespace mote::virtio
