// Tests of the virtio SCSI host: the search for disks, and reads.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/unit/drivers/virtio/scsi_world.hpp"

namespace mote::virtio {
namespace {

using World = ScsiWorld;

TEST_CASE("disks are found by target, as Proxmox VE numbers them, and by unit, as libvirt does") {
  World world;
  world.units[{0, 0}] = {.blocks = 10};
  world.units[{0, 1}] = {.blocks = 11};
  world.units[{0, 5}] = {.type = 5, .block_bytes = 2048, .blocks = 12};
  world.units[{1, 1}] = {.blocks = 13};  // `scsi1,lun=1`: there is no unit 0
  world.units[{2, 300}] = {.blocks = 14};
  world.units[{30, 0}] = {.blocks = 15};
  CHECK(world.search() == std::vector<std::uint64_t>{10, 11, 12, 13, 14, 15});
  CHECK(console::written().empty());
  CHECK(world.host.shut_down());
  CHECK(world.device.status == 0);
}

TEST_CASE("a host without disks takes a request a target") {
  World world;
  CHECK(world.search().empty());
  CHECK(world.commands.size() == ScsiBus::kTargets);
  CHECK(world.device.statuses.back() == 15);
}

TEST_CASE("the search ends when the visitor has what it wants") {
  World world;
  world.units[{0, 0}] = {};
  world.units[{1, 0}] = {};
  world.with_disk([](ScsiDisk&) {});
}

TEST_CASE("what is no disk, or has no medium, is passed over without a word") {
  World world;
  world.units[{0, 0}] = {.type = 0x0C};
  world.units[{1, 0}] = {.type = 5, .has_medium = false};
  world.units[{2, 0}] = {.type = 0x7F};
  world.units[{3, 0}] = {.blocks = 9};
  CHECK(world.search() == std::vector<std::uint64_t>{9});
  CHECK(console::written().empty());
}

TEST_CASE("a target that can't list its units has number 0") {
  World world;
  world.units[{4, 0}] = {.blocks = 9, .refused = 0xA0};
  CHECK(world.search() == std::vector<std::uint64_t>{9});
}

TEST_CASE("a disk that isn't ready yet is waited for, but not for ever") {
  World world;
  world.units[{0, 0}] = {.attentions = 3, .not_ready = 5, .busy = 2};
  CHECK(world.search().size() == 1);
  CHECK(world.ticks < 2'000'000'000);

  World never;
  never.units[{0, 0}] = {.not_ready = 1'000'000};
  never.units[{1, 0}] = {.blocks = 9};
  CHECK(never.search() == std::vector<std::uint64_t>{9});
  CHECK(console::written() ==
        "virtio-scsi: disk 0:0 is still not ready for command 0, passed over\n");
  CHECK(never.ticks < 2'000'000'000);
}

TEST_CASE("blocks of every size are read, in legacy and modern devices") {
  for (const bool legacy : {false, true}) {
    for (const std::uint32_t bytes : {512U, 2048U, 4096U}) {
      World world;
      world.device.legacy = legacy;
      world.units[{0, 0}] = {.block_bytes = bytes};
      world.with_disk([&](ScsiDisk& disk) {
        CHECK(disk.model() == "virtio-scsi");
        CHECK(disk.block_bytes() == bytes);
        CHECK(disk.blocks() == 64);
        CHECK(reads(disk, 0, bytes));
        CHECK(reads(disk, 63, bytes));
        CHECK(reads(disk, 5, 4 * bytes));
        world.units[{0, 0}].attentions = 2;  // a new medium, say
        CHECK(reads(disk, 0, std::min<std::size_t>(kMostReadBytes, 64 * bytes)));
      });
    }
  }
}

TEST_CASE("a disk of more than 2 TiB is measured and read by commands of 16 bytes") {
  World world;
  world.units[{0, 0}] = {.blocks = 0x2'0000'0001};
  world.with_disk([&](ScsiDisk& disk) {
    CHECK(disk.blocks() == 0x2'0000'0001);
    CHECK(reads(disk, 0x2'0000'0000, 512));
    CHECK(world.commands.back() == 0x88);
    CHECK(reads(disk, 1, 512));
    CHECK(world.commands.back() == 0x28);
  });
}

TEST_CASE("a read is cut into commands that the device takes") {
  for (const std::uint32_t sectors : {0U, 1U, 5U, 8U, 0xFFFFU, 0xFFFF'FFFFU}) {
    World world;
    world.device.put_config(8, sectors);
    world.units[{0, 0}] = {.block_bytes = 1024};
    world.with_disk([&](ScsiDisk& disk) {
      CHECK(reads(disk, 3, kMostReadBytes));
      const std::size_t most = sectors == 0 || sectors > 64 ? 32 : std::max(sectors / 2, 1U);
      CHECK(world.most_blocks == most);
    });
  }
}

}  // namespace
}  // namespace mote::virtio
