// Tests of reading disks by blocks.
#include "boot/uefi/block_reader.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "tests/unit/boot/uefi/fake_disk.hpp"

namespace mote::uefi {
namespace {

std::vector<std::byte> numbered(std::size_t bytes) {
  std::vector<std::byte> contents(bytes);
  for (std::size_t i = 0; i < bytes; ++i) {
    contents[i] = static_cast<std::byte>(i * 7 + i / 511);
  }
  return contents;
}

TEST_CASE("a disk is read in large requests") {
  for (const std::uint32_t block : {512U, 2048U, 4096U}) {
    FakeDisk disk(numbered(33 << 20), block);
    BlockReader reader(disk);
    CHECK(reader.is_there());
    CHECK(reader.bytes() == 33 << 20);
    std::vector<std::byte> buffer(disk.contents.size());
    CHECK(reader.read(buffer));
    CHECK(buffer == disk.contents);
    CHECK(disk.requests == std::vector<std::uint64_t>{16 << 20, 16 << 20, 1 << 20});
  }
}

TEST_CASE("where large requests fail, smaller ones are tried, of whole blocks") {
  FakeDisk disk(numbered(1 << 20), 4096);
  disk.most = 3 * 4096 + 1;
  std::vector<std::byte> buffer(disk.contents.size());
  CHECK(BlockReader(disk).read(buffer));
  CHECK(buffer == disk.contents);
  CHECK(disk.requests.size() < 140);
}

TEST_CASE("a block that can't be read fails, after few requests") {
  FakeDisk disk(numbered(1 << 20));
  disk.bad = 700'000;
  std::vector<std::byte> buffer(disk.contents.size());
  CHECK_FALSE(BlockReader(disk).read(buffer));
  CHECK(disk.requests.size() < 40);
}

TEST_CASE("media with impossible blocks are not read") {
  FakeDisk disk(numbered(4096));
  CHECK(BlockReader(disk).is_there());
  for (const std::uint32_t block : {0U, 1U, 256U, 520U, 131'072U}) {
    disk.about.block_bytes = block;
    CHECK_FALSE(BlockReader(disk).is_there());
  }
  disk.about.block_bytes = 512;
  disk.about.last_block = ~std::uint64_t{0};
  CHECK_FALSE(BlockReader(disk).is_there());
  disk.about.last_block = 7;
  disk.about.is_present = false;
  CHECK_FALSE(BlockReader(disk).is_there());
}

}  // namespace
}  // namespace mote::uefi
