// Tests of the virtio entropy device: what it gives is stirred in, and nothing else.
#include "drivers/virtio/entropy_source.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "tests/unit/drivers/virtio/request_world.hpp"

namespace mote::entropy {
namespace {
std::vector<std::byte> stirred;
}
void stir(std::span<const std::byte> random) { stirred.assign(random.begin(), random.end()); }
}  // namespace mote::entropy

namespace mote::virtio {
namespace {

using FakeSource = EntropySource<RequestTransport>;

struct World : RequestWorld {
  FakeSource source;

  explicit World(std::uint32_t told = 32) {
    entropy::stirred.clear();
    RequestTransport::identifier = 4;
    device.serve = [told](DeviceQueue& queue, const DeviceQueue::Chain& chain) {
      REQUIRE(chain.buffers.size() == 1);
      REQUIRE(chain.buffers[0].writable);
      REQUIRE(chain.buffers[0].bytes == 32);
      std::memset(chain.buffers[0].data, 0x5A, 32);
      queue.complete(chain.head, told);
    };
  }
};

TEST_CASE("the device's bytes are stirred in, as many as it gave") {
  for (const std::uint32_t told : {32U, 1U, 31U, 33U, 0xFFFF'FFFFU}) {
    World world(told);
    REQUIRE(FakeSource::drives(world.place()));
    REQUIRE(world.source.draw(world.place()));
    CHECK(entropy::stirred == std::vector(std::min(told, 32U), std::byte{0x5A}));
    CHECK(world.device.doorbells == 1);
    CHECK(world.source.shut_down());
    CHECK(world.device.status == 0);
  }
}

TEST_CASE("a device that gives nothing, or never answers, is let go") {
  World empty(0);
  CHECK_FALSE(empty.source.draw(empty.place()));
  CHECK(empty.source.error() == "virtio-rng: the device gave no random bytes");
  CHECK(empty.source.shut_down());

  World hanging;
  hanging.device.serve = nullptr;
  CHECK_FALSE(hanging.source.draw(hanging.place()));
  CHECK(hanging.source.error() == "virtio-rng: the device does not answer");
  CHECK(hanging.ticks < 2'010'000'000);
  CHECK(hanging.source.shut_down());

  World none;
  none.device.entries[0] = 0;
  CHECK_FALSE(none.source.draw(none.place()));
  CHECK(none.source.error() == "virtio-rng: queue 0 is missing");
  CHECK(entropy::stirred.empty());
}

}  // namespace
}  // namespace mote::virtio
