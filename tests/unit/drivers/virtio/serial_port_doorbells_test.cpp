// A named port whose device misses doorbells.
#include "tests/unit/drivers/virtio/serial_device.hpp"

namespace mote::virtio {
namespace {

// A device that doesn't see what was lent without a doorbell.
TEST_CASE("a doorbell that was lost is rung again, once") {
  SerialWorld world;
  world.open();
  const auto looks = [&] {
    const auto before = world.device.doorbells;
    for (int look = 0; look < 4; ++look) REQUIRE(world.port.tend());
    auto rung = world.device.doorbells;
    for (auto& [queue, count] : rung) count -= before.contains(queue) ? before.at(queue) : 0;
    return rung;
  };
  looks();
  for (int round = 0; round < 3; ++round) {
    CHECK(world.send("answer"));  // and the doorbell is lost
    auto rung = looks();
    CHECK(rung[5] == 1);
    CHECK(rung[2] + rung[3] + rung[4] == 0);
    CHECK(world.device.read(5) == "answer");
    CHECK(looks()[5] == 0);  // nothing waits
    CHECK(world.device.write(4, "hello"));
    CHECK(world.receive() == "hello");
    rung = looks();  // the buffer that was lent again
    CHECK(rung[4] == 1);
    CHECK(rung[2] + rung[3] + rung[5] == 0);
  }
  CHECK(world.device.control(1, port_event::kRemove, 0));
  world.port.queues().poll();
  world.port.flush();
  CHECK(looks()[2] == 1);
}

}  // namespace
}  // namespace mote::virtio
