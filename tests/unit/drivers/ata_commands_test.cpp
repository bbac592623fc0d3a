// Tests of what ATA drives tell about themselves, and of the commands that read disks.
#include "drivers/ata_commands.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace mote::ata {
namespace {

struct Told {
  std::array<std::uint16_t, 256> words{};
  std::array<std::byte, Identity::kBytes> bytes{};

  Identity identity() {
    std::memcpy(bytes.data(), words.data(), bytes.size());
    return Identity(bytes);
  }
};

Told disk28() {
  Told told;
  told.words[49] = 1 << 9;
  told.words[60] = 0x5678;
  told.words[61] = 0x0123;
  return told;
}

Told disk48() {
  Told told = disk28();
  told.words[83] = 0x4400;
  told.words[100] = 0x3333;
  told.words[101] = 0x2222;
  told.words[102] = 0x1111;
  return told;
}

TEST_CASE("a disk tells its blocks by 28-bit or 48-bit addresses") {
  const Layout old = disk28().identity().layout();
  CHECK(old.blocks == 0x0123'5678);
  CHECK(old.block_bytes == 512);
  CHECK_FALSE(old.is_extended);
  CHECK(old.is_usable());
  const Layout extended = disk48().identity().layout();
  CHECK(extended.blocks == 0x1111'2222'3333);
  CHECK(extended.is_extended);
  CHECK(extended.is_usable());
}

TEST_CASE("words that aren't valid aren't believed") {
  Told told = disk48();
  told.words[83] = 0x8400;
  CHECK_FALSE(told.identity().layout().is_extended);
  told = disk48();
  told.words[106] = 0x1000;  // long blocks, but not 01b above
  told.words[117] = 2048;
  CHECK(told.identity().layout().block_bytes == 512);
}

TEST_CASE("blocks of 4096 bytes are taken; of other sizes than BlockDevice's not") {
  Told told = disk48();
  told.words[106] = 0x5000;
  told.words[117] = 2048;
  CHECK(told.identity().layout().block_bytes == 4096);
  CHECK(told.identity().layout().is_usable());
  for (const std::uint32_t words : {0U, 1U, 3U, 128U, 257U, 4096U, 0x8000'0000U, 0xFFFF'FFFFU}) {
    told.words[117] = static_cast<std::uint16_t>(words);
    told.words[118] = static_cast<std::uint16_t>(words >> 16);
    CHECK_FALSE(told.identity().layout().is_usable());
  }
}

TEST_CASE("no blocks, or more than addresses reach, are refused") {
  Told told = disk48();
  told.words[100] = told.words[101] = told.words[102] = 0;
  CHECK_FALSE(told.identity().layout().is_usable());
  told.words[103] = 1;  // 2^48: the last block has the last address
  CHECK(told.identity().layout().is_usable());
  told.words[100] = 1;
  CHECK_FALSE(told.identity().layout().is_usable());
  told.words.fill(0xFFFF);
  CHECK_FALSE(told.identity().layout().is_usable());
  told = disk28();
  told.words[60] = 0;
  told.words[61] = 0x1000;  // 2^28
  CHECK(told.identity().layout().is_usable());
  told.words[60] = 1;
  CHECK_FALSE(told.identity().layout().is_usable());
  told = disk28();
  told.words[49] = 0;  // cylinders, heads and sectors only
  CHECK_FALSE(told.identity().layout().is_usable());
}

TEST_CASE("only a disc drive with packets of 12 bytes is one") {
  Told told;
  for (const std::uint16_t word : {0x8500, 0x85C0, 0x85A0}) {
    told.words[0] = word;
    CHECK(told.identity().is_disc_drive());
  }
  for (const std::uint16_t word : {0x0000, 0x0040, 0x8000, 0x8100, 0x8501, 0xFFFF, 0xC500}) {
    told.words[0] = word;
    CHECK_FALSE(told.identity().is_disc_drive());
  }
}

TEST_CASE("a read has the block's number where its command wants it") {
  const Layout old{.blocks = kMostBlocks28, .block_bytes = 512};
  CHECK(old.read(kReadSectors, 0x0ABC'DEF1, 64) ==
        Command{.code = 0x20, .count = 64, .lba = 0xBC'DEF1, .device = 0x4A});
  const Layout extended{.blocks = kMostBlocks48, .block_bytes = 512, .is_extended = true};
  CHECK(extended.read(kReadDma, 0xABCD'EF12'3456, 1) ==
        Command{.code = 0x25, .count = 1, .lba = 0xABCD'EF12'3456, .device = 0x40});
}

}  // namespace
}  // namespace mote::ata
