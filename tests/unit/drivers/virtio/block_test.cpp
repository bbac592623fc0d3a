// Tests of the virtio block device: what is read, and what no device can make of it.
#include "drivers/virtio/block.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/drivers/virtio/request_world.hpp"

namespace mote::virtio {
namespace {

using FakeBlock = Block<RequestTransport>;
static_assert(BlockController<FakeBlock>);

// Numbers of virtio 1.2, 5.2.
constexpr Features kSizeMax = 1 << 1;
constexpr Features kSegMax = 1 << 2;
constexpr Features kReadOnly = 1 << 5;
constexpr Features kBlkSize = 1 << 6;

struct World : RequestWorld {
  FakeBlock controller;
  std::vector<std::byte> content;
  std::vector<std::size_t> lengths;  // of the data of each request
  std::uint8_t status = 0;           // to be answered
  std::uint32_t used = 0;            // 0: as it is

  explicit World(std::uint64_t sectors = 100) : content(100 * 512) {
    RequestTransport::identifier = 2;
    for (std::size_t i = 0; i < content.size(); ++i) {
      content[i] = static_cast<std::byte>(i * 7 + i / 512);
    }
    device.put_config(0, sectors);
    device.serve = [this](DeviceQueue& queue, const DeviceQueue::Chain& chain) {
      serve(queue, chain);
    };
  }
  void serve(DeviceQueue& queue, const DeviceQueue::Chain& chain) {
    REQUIRE(chain.buffers.size() == 3);
    REQUIRE(chain.buffers[0].bytes == 16);
    REQUIRE(chain.buffers[2].bytes == 1);
    REQUIRE_FALSE(chain.buffers[0].writable);
    REQUIRE(chain.buffers[1].writable);
    REQUIRE(chain.buffers[2].writable);
    std::uint32_t type = 9;
    std::uint64_t sector = 0;
    std::memcpy(&type, chain.buffers[0].data, 4);
    std::memcpy(&sector, chain.buffers[0].data + 8, 8);
    REQUIRE(type == 0);
    const auto& data = chain.buffers[1];
    REQUIRE(sector * 512 + data.bytes <= content.size());
    std::memcpy(data.data, content.data() + sector * 512, data.bytes);
    *chain.buffers[2].data = static_cast<std::byte>(status);
    lengths.push_back(data.bytes);
    queue.complete(chain.head, used != 0 ? used : data.bytes + 1);
  }
  bool bring_up() { return controller.bring_up(place()); }

  // Brings the only disk to `use`.
  void with_disk(auto&& use) {
    REQUIRE(bring_up());
    unsigned disks = 0;
    controller.each_disk([&](auto& disk) {
      ++disks;
      use(disk);
      return false;
    });
    CHECK(disks == 1);
  }
  [[nodiscard]] std::vector<std::byte> part(std::size_t at, std::size_t bytes) const {
    const auto begin = content.begin() + static_cast<std::ptrdiff_t>(at);
    return {begin, begin + static_cast<std::ptrdiff_t>(bytes)};
  }
};

TEST_CASE("a disk is known by its identifier") {
  World world;
  CHECK(FakeBlock::drives(world.place()));
  RequestTransport::identifier = 1;
  CHECK_FALSE(FakeBlock::drives(world.place()));
}

TEST_CASE("blocks of every size are read, by legacy and modern devices") {
  for (const bool legacy : {false, true}) {
    for (const std::uint32_t bytes : {512U, 1024U, 2048U, 4096U}) {
      World world;
      world.device.legacy = legacy;
      world.device.offered = (legacy ? 0 : feature::kVersion1) | kBlkSize | kReadOnly | kSegMax;
      world.device.put_config(20, bytes);
      world.with_disk([&](BlockDisk& disk) {
        CHECK(disk.model() == "virtio-blk");
        CHECK(disk.block_bytes() == bytes);
        CHECK(disk.blocks() == 51'200 / bytes);
        std::vector<std::byte> to(2 * bytes);
        REQUIRE(disk.read(3, to));
        CHECK(to == world.part(3 * bytes, 2 * bytes));
        std::vector<std::byte> most(kMostReadBytes);
        REQUIRE(disk.read(0, most));
        CHECK(most == world.part(0, most.size()));
        CHECK(world.lengths == std::vector<std::size_t>{2 * bytes, kMostReadBytes});
      });
      CHECK((world.device.accepted & (kSegMax | ~Features{0} << 37)) == 0);
      CHECK((world.device.accepted & kReadOnly) != 0);
      CHECK(world.device.entries[0] == (legacy ? 256 : 4));
      CHECK(world.controller.shut_down());
    }
  }
}

TEST_CASE("without VIRTIO_BLK_F_BLK_SIZE, the field means nothing") {
  World world;
  world.device.put_config(20, 4096U);
  world.with_disk([](BlockDisk& disk) { CHECK(disk.block_bytes() == 512); });
}

TEST_CASE("a read is cut into pieces that the device takes") {
  World world;
  world.device.offered |= kSizeMax | kBlkSize;
  world.device.put_config(8, 3'000U);  // not a whole number of blocks
  world.device.put_config(20, 1'024U);
  world.with_disk([&](BlockDisk& disk) {
    std::vector<std::byte> to(5 * 1024);
    REQUIRE(disk.read(1, to));
    CHECK(to == world.part(1024, to.size()));
    CHECK(world.lengths == std::vector<std::size_t>{2048, 2048, 1024});
  });
}

TEST_CASE("a disk without a medium isn't visited") {
  for (const std::uint64_t sectors : {0U, 7U}) {
    World world(sectors);
    world.device.offered |= kBlkSize;
    world.device.put_config(20, 4096U);
    REQUIRE(world.bring_up());
    world.controller.each_disk([](auto&) {
      FAIL("there is nothing to read");
      return true;
    });
    CHECK(world.controller.shut_down());
  }
}

TEST_CASE("impossible facts make a disk unusable") {
  for (const std::uint32_t bytes : {0U, 3U, 256U, 520U, 8192U, 1U << 31, 0xFFFF'FFFFU}) {
    World world;
    world.device.offered |= kBlkSize;
    world.device.put_config(20, bytes);
    CHECK_FALSE(world.bring_up());
    CHECK(world.controller.error() ==
          "virtio-blk: blocks of " + std::to_string(bytes) + " bytes are not supported");
    CHECK(world.controller.shut_down());
  }
  for (const std::uint64_t sectors : {~std::uint64_t{0}, std::uint64_t{1} << 55}) {
    World world(sectors);
    CHECK_FALSE(world.bring_up());
    CHECK(world.controller.error() ==
          "virtio-blk: no disk has " + std::to_string(sectors) + " sectors");
  }
  for (const std::uint32_t most : {0U, 511U}) {
    World world;
    world.device.offered |= kSizeMax;
    world.device.put_config(8, most);
    CHECK_FALSE(world.bring_up());
    CHECK(world.controller.error() ==
          "virtio-blk: no block fits into pieces of " + std::to_string(most) + " bytes");
  }
  World world((std::uint64_t{1} << 55) - 1);
  world.with_disk([](BlockDisk& disk) { CHECK(disk.blocks() == (std::uint64_t{1} << 55) - 1); });
}

TEST_CASE("a bad status fails that read only; one that wasn't written fails, too") {
  World world;
  world.with_disk([&](BlockDisk& disk) {
    std::vector<std::byte> to(512);
    for (const unsigned status : {1U, 2U, 3U, 0x80U, 0xFFU}) {
      world.status = static_cast<std::uint8_t>(status);
      CHECK_FALSE(disk.read(5, to));
      CHECK(disk.error() ==
            "virtio-blk: read of sector 5 ended with status " + std::to_string(status));
    }
    world.device.serve = [](DeviceQueue& queue, const DeviceQueue::Chain& chain) {
      queue.complete(chain.head, 513);  // and wrote nothing
    };
    CHECK_FALSE(disk.read(5, to));
    world.device.serve = [&](auto& queue, const auto& chain) { world.serve(queue, chain); };
    world.status = 0;
    CHECK(disk.read(5, to));
    CHECK(to == world.part(5 * 512, 512));
  });
}

TEST_CASE("the length that a device tells doesn't matter") {
  for (const std::uint32_t used : {1U, 512U, 529U, 0xFFFF'FFFFU}) {
    World world;
    world.used = used;
    world.with_disk([&](BlockDisk& disk) {
      std::vector<std::byte> to(512);
      REQUIRE(disk.read(7, to));
      CHECK(to == world.part(7 * 512, 512));
    });
  }
}

TEST_CASE("a disk that hangs is waited for once") {
  World world;
  world.with_disk([&](BlockDisk& disk) {
    world.device.serve = nullptr;
    std::vector<std::byte> to(4096);
    CHECK_FALSE(disk.read(0, to));
    CHECK(world.ticks < 2'010'000'000);
    for (unsigned i = 0; i < 100; ++i) {
      CHECK_FALSE(disk.read(0, to));
    }
    CHECK(world.ticks < 2'010'000'000);
    CHECK(disk.error() == "virtio-blk: the device does not answer");
  });
  CHECK(world.controller.shut_down());
}

TEST_CASE("whatever a device answers, no memory but the data changes and every read ends") {
  std::minstd_rand random(3);
  for (unsigned round = 0; round < 2'000; ++round) {
    World world;
    world.device.serve = [&](DeviceQueue& queue, const DeviceQueue::Chain& chain) {
      for (const auto& buffer : chain.buffers) {
        if (buffer.writable) {
          std::generate_n(buffer.data, buffer.bytes,
                          [&] { return static_cast<std::byte>(random() % 3); });
        }
      }
      for (unsigned i = random() % 3; i != 0; --i) {
        queue.put(random() % 5, static_cast<std::uint32_t>(random()));
      }
      queue.show();
    };
    world.with_disk([&](BlockDisk& disk) {
      std::vector<std::byte> memory(3 * 1024, std::byte{0xA5});
      for (unsigned i = 0; i < 4; ++i) {
        static_cast<void>(disk.read(i, std::span(memory).subspan(1024, 1024)));
      }
      const auto untouched = [](std::byte byte) { return byte == std::byte{0xA5}; };
      CHECK(std::all_of(memory.begin(), memory.begin() + 1024, untouched));
      CHECK(std::all_of(memory.begin() + 2048, memory.end(), untouched));
    });
    CHECK(world.ticks < 2'100'000'000);
  }
}

}  // namespace
}  // namespace mote::virtio
