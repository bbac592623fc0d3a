// Tests of the virtio SCSI host with devices that fail, lie and hang.
#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/drivers/virtio/scsi_world.hpp"

namespace mote::virtio {
namespace {

using World = ScsiWorld;

TEST_CASE("impossible sizes are named, and the search goes on") {
  World world;
  world.units[{0, 0}] = {.block_bytes = 0};
  world.units[{1, 0}] = {.block_bytes = 3};
  world.units[{2, 0}] = {.block_bytes = 1U << 31};
  world.units[{3, 0}] = {.blocks = 0};  // the last block is number 2^64 - 1
  world.units[{4, 0}] = {.blocks = std::uint64_t{1} << 55};
  world.units[{5, 0}] = {.blocks = 9};
  CHECK(world.search() == std::vector<std::uint64_t>{9});
  CHECK(console::written() ==
        "virtio-scsi: disk 0:0 has an unusable size, in blocks of 0 bytes, passed over\n"
        "virtio-scsi: disk 1:0 has an unusable size, in blocks of 3 bytes, passed over\n"
        "virtio-scsi: disk 2:0 has an unusable size, in blocks of 2147483648 bytes, passed over\n"
        "virtio-scsi: disk 3:0 has an unusable size, in blocks of 512 bytes, passed over\n"
        "virtio-scsi: disk 4:0 has an unusable size, in blocks of 512 bytes, passed over\n");
}

TEST_CASE("a host full of bad disks is given up after a few") {
  World world;
  for (unsigned unit = 0; unit < 100; ++unit) {
    world.units[{0, unit}] = {.refused = 0x25};
  }
  CHECK(world.search().empty());
  const std::string& written = console::written();
  CHECK(std::ranges::count(written, '\n') == ScsiBus::kMostBad);
  CHECK(
      written.starts_with("virtio-scsi: disk 0:0 fails with sense 5/32/0, passed "
                          "over\n"));
  CHECK(
      written.ends_with("disk 0:7 fails with sense 5/32/0, as others before: given "
                        "up\n"));
}

TEST_CASE("only the first units of a target are looked at") {
  World world;
  for (unsigned unit = 0; unit < 100; ++unit) {
    world.units[{0, unit}] = {};
  }
  CHECK(world.search().size() == ScsiBus::kUnits);
}

TEST_CASE("a read that fails says why, and the next may succeed") {
  World world;
  world.units[{7, 0}] = {};
  world.with_disk([&](ScsiDisk& disk) {
    world.units[{7, 0}].refused = 0x28;
    CHECK_FALSE(reads(disk, 0, 512));
    CHECK(disk.error() == "virtio-scsi: disk 7:0 fails with sense 5/32/0");
    world.units[{7, 0}].refused = 0xFF;
    world.units[{7, 0}].has_medium = false;
    CHECK_FALSE(reads(disk, 6, 512));
    CHECK(disk.error() == "virtio-scsi: disk 7:0 did not give block 6");
    world.units[{7, 0}].has_medium = true;
    for (const std::uint32_t lost : {1U, 512U, 0xFFFF'FFFFU}) {
      world.lost = lost;
      CHECK_FALSE(reads(disk, 6, 512));
      CHECK(disk.error() == "virtio-scsi: disk 7:0 did not give block 6");
    }
    world.lost = 0;
    CHECK(reads(disk, 0, 512));
  });
}

TEST_CASE("other responses and statuses are failures, with their numbers") {
  World world;
  world.units[{0, 0}] = {};
  world.with_disk([&](ScsiDisk& disk) {
    Bytes to(512);
    const auto answer = [&](std::uint8_t response, std::uint8_t status) {
      world.device.serve = [=](DeviceQueue& queue, const DeviceQueue::Chain& chain) {
        chain.buffers[1].data[10] = static_cast<std::byte>(status);
        chain.buffers[1].data[11] = static_cast<std::byte>(response);
        queue.complete(chain.head, 12);
      };
      CHECK_FALSE(disk.read(0, to));
      return std::string(disk.error());
    };
    CHECK(answer(1, 0) == "virtio-scsi: disk 0:0 fails with response 1");
    CHECK(answer(0xFF, 0) == "virtio-scsi: disk 0:0 fails with response 255");
    CHECK(answer(0, 0x18) == "virtio-scsi: disk 0:0 fails with status 24");
    CHECK(answer(3, 0) == "virtio-scsi: disk 0:0 did not give block 0");
    CHECK(answer(0, 2) == "virtio-scsi: disk 0:0 fails with sense 4/0/0");
    CHECK(answer(4, 0) == "virtio-scsi: disk 0:0 is still not ready for command 40");
  });
}

TEST_CASE("a host that hangs is named and not asked again") {
  World world;
  world.device.serve = nullptr;
  CHECK(world.search().empty());
  CHECK(console::written() == "virtio-scsi: the device does not answer, passed over\n");
  CHECK(world.device.doorbells == 2);  // one, and once more in case it was lost
  CHECK(world.ticks < 2'010'000'000);

  World later;
  later.units[{0, 0}] = {};
  later.units[{1, 0}] = {};
  unsigned disks = 0;
  REQUIRE(later.host.bring_up(later.place()));
  later.host.each_disk([&](ScsiDisk& disk) {
    ++disks;
    later.device.serve = nullptr;
    CHECK_FALSE(reads(disk, 0, 512));
    CHECK(disk.error() == "virtio-scsi: the device does not answer");
    return false;
  });
  CHECK(disks == 1);
  CHECK(console::written().empty());  // the visitor knows
  CHECK(later.ticks < 2'010'000'000);
}

TEST_CASE("garbage in every answer: the search and the reads end, and memory stays as it was") {
  std::minstd_rand random(5);
  std::size_t found = 0;
  for (unsigned round = 0; round < 400; ++round) {
    World world;
    world.ticks_a_look = 10'000;
    const unsigned honest = random() % 8;
    world.units[{0, 0}] = {};
    world.units[{3, 2}] = {.type = 5, .block_bytes = 2048};
    world.device.serve = [&](DeviceQueue& queue, const DeviceQueue::Chain& chain) {
      if (random() % 8 < honest) {
        world.serve(queue, chain);
        return;
      }
      for (const auto& buffer : chain.buffers) {
        if (buffer.writable) {
          std::generate_n(buffer.data, buffer.bytes,
                          [&] { return static_cast<std::byte>(random() % 2 * random()); });
        }
      }
      if (random() % 4 != 0) {  // a response that says something
        chain.buffers[1].data[11] = std::byte{0};
        chain.buffers[1].data[10] = static_cast<std::byte>(random() % 2 * 2);
      }
      queue.complete(chain.head, static_cast<std::uint32_t>(random()));
    };
    REQUIRE(world.host.bring_up(world.place()));
    world.host.each_disk([&](ScsiDisk& disk) {
      ++found;
      REQUIRE(std::has_single_bit(disk.block_bytes()));
      REQUIRE(disk.block_bytes() >= 512);
      REQUIRE(disk.block_bytes() <= 4096);
      Bytes memory(3 * std::size_t{4096}, std::byte{0xA5});
      static_cast<void>(disk.read(0, std::span(memory).subspan(4096, 4096)));
      const auto untouched = [](std::byte byte) { return byte == std::byte{0xA5}; };
      CHECK(std::all_of(memory.begin(), memory.begin() + 4096, untouched));
      CHECK(std::all_of(memory.begin() + 8192, memory.end(), untouched));
      return false;
    });
    CHECK(std::ranges::count(console::written(), '\n') <= ScsiBus::kMostBad);
    CHECK(world.ticks < 12'100'000'000);
  }
  CHECK(found > 100);
}

}  // namespace
}  // namespace mote::virtio
