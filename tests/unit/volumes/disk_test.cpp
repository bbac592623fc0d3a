// Tests of the disk's window over blocks.
#include "volumes/disk.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/unit/volumes/fake_disk.hpp"

namespace mote::volumes {
namespace {

std::vector<std::byte> numbered(std::size_t bytes) {
  std::vector<std::byte> content(bytes);
  for (std::size_t i = 0; i < bytes; ++i) {
    content[i] = static_cast<std::byte>(i * 7 + i / 256);
  }
  return content;
}

TEST_CASE("any range reads what the blocks hold") {
  for (const std::uint32_t block : {512U, 2048U, 4096U}) {
    FakeDisk world(numbered(5 * std::size_t{4096} + (block < 4096 ? 2048 : 0)), block);
    std::vector<std::byte> all(world.disk.bytes());
    REQUIRE(world.disk.read(0, all));
    CHECK(all == world.device.content);
    for (const std::uint64_t offset : {0U, 1U, 511U, 4095U, 4096U, 9000U, 20'000U}) {
      std::array<std::byte, 300> part{};
      REQUIRE(world.disk.read(offset, part));
      CHECK(std::ranges::equal(part, std::span(world.device.content).subspan(offset, 300)));
    }
  }
}

TEST_CASE("what lies in the window is not read again") {
  FakeDisk world(numbered(8192));
  std::array<std::byte, 16> part{};
  for (std::uint64_t offset = 0; offset < 4096; offset += 16) {
    REQUIRE(world.disk.read(offset, part));
  }
  CHECK(world.device.reads == 1);
}

TEST_CASE("a range beyond the end is refused") {
  FakeDisk world(numbered(4096));
  std::array<std::byte, 2> part{};
  CHECK(world.disk.read(4094, part));
  CHECK_FALSE(world.disk.read(4095, part));
  CHECK_FALSE(world.disk.read(4096, part));
  CHECK_FALSE(world.disk.read(~std::uint64_t{0}, part));
}

TEST_CASE("a block that can't be read fails, and is tried again") {
  FakeDisk world(numbered(8192));
  world.device.failing_block = 9;
  std::array<std::byte, 16> part{};
  CHECK(world.disk.read(0, part));
  CHECK_FALSE(world.disk.has_failed());
  CHECK_FALSE(world.disk.read(4096, part));
  CHECK(world.disk.has_failed());
  CHECK(world.disk.read(0, part));
  world.device.failing_block = ~std::uint64_t{0};
  CHECK(world.disk.read(4096, part));
}

TEST_CASE("reading ends at the budget of bytes, from the device or from the window") {
  for (const std::uint64_t stride : {4096U, 0U}) {
    FakeDisk world(numbered(8192));
    std::array<std::byte, 64> part{};
    std::uint64_t count = 0;
    while (count < Disk::kMostBytes && world.disk.read(count % 2 * stride, part)) {
      ++count;
    }
    CHECK(count * (part.size() + stride) <= Disk::kMostBytes);
    CHECK(count * (part.size() + stride) > Disk::kMostBytes - 2 * Disk::kWindowBytes);
    CHECK_FALSE(world.disk.read(0, std::span(part).first<4>()));
  }
}

}  // namespace
}  // namespace mote::volumes
