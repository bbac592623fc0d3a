// Tests of ATA disks and ATAPI disc drives behind any adapter, and of drives that lie.
#include "drivers/ata_drive.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ranges>
#include <vector>

#include "tests/unit/drivers/fake_drive.hpp"
#include "tests/unit/machine/machine.hpp"

namespace mote::ata {
namespace {

// An adapter that only passes on.
struct FakeLink {
  static constexpr std::string_view kDiskModel = "disk";
  static constexpr std::string_view kDiscModel = "disc";
  static constexpr ReadCodes kReadCodes = kReadSectors;

  FakeDrive drive;
  std::size_t least_blocks = 0;   // bytes of a block in the last command
  std::ptrdiff_t miscounted = 0;  // added to the bytes that came

  std::optional<std::size_t> pass(const FakeDrive::Answer& answer, std::span<std::byte> to) const {
    if (!answer) {
      return std::nullopt;
    }
    std::ranges::copy(std::span(*answer).first(std::min(answer->size(), to.size())), to.begin());
    return answer->size() + static_cast<std::size_t>(miscounted);
  }
  std::optional<std::size_t> command(const Command& command, std::size_t block_bytes,
                                     std::span<std::byte> to) {
    least_blocks = block_bytes;
    return pass(drive.run(command), to);
  }
  std::optional<std::size_t> packet(const scsi::Command& packet, std::span<std::byte> to) {
    CHECK(std::ranges::all_of(packet | std::views::drop(kPacketBytes),
                              [](std::uint8_t byte) { return byte == 0; }));
    return pass(drive.run_packet(packet), to);
  }
  [[nodiscard]] static std::string_view error() { return "refused"; }
};
static_assert(BlockDevice<Drive<FakeLink>>);

struct World : FakeMachine {
  FakeLink link;
  std::array<std::byte, Identity::kBytes> scratch{};
  Drive<FakeLink> drive;

  explicit World(FakeDrive fake) : link{.drive = std::move(fake)} {}
  bool bring_up() { return drive.bring_up(link, scratch); }
};

TEST_CASE("a disk is read in its own blocks") {
  World world(FakeDrive::disk());
  REQUIRE(world.bring_up());
  CHECK(world.drive.model() == "disk");
  CHECK(world.drive.blocks() == FakeDrive::kBlocks);
  CHECK(world.drive.block_bytes() == 512);
  CHECK(world.link.drive.commands == std::vector<Command>{{.code = kIdentifyDevice}});
  std::vector<std::byte> read(kMostReadBytes);
  REQUIRE(world.drive.read(3, read));
  CHECK(world.link.drive.is_content(3, read));
  CHECK(world.link.drive.commands.back().count == 64);
  CHECK(world.link.least_blocks == 512);
}

TEST_CASE("a disc is found after a disk was looked for in vain, and read by packets") {
  World world(FakeDrive::disc());
  REQUIRE(world.bring_up());
  CHECK(world.drive.model() == "disc");
  CHECK(world.drive.blocks() == FakeDrive::kBlocks);
  CHECK(world.drive.block_bytes() == 2048);
  std::vector<std::byte> read(3 * 2048);
  REQUIRE(world.drive.read(16, read));
  CHECK(world.link.drive.is_content(16, read));
}

TEST_CASE("an empty drive has no blocks, and isn't asked for more") {
  World world(FakeDrive::disc());
  world.link.drive.senses = {kMediumChanged, kNoMedium};
  REQUIRE(world.bring_up());
  CHECK(world.drive.blocks() == 0);
  CHECK(world.drive.block_bytes() == 512);
  CHECK(world.link.drive.packets == std::vector<std::uint8_t>{0x00, 0x03, 0x00, 0x03});
}

TEST_CASE("a disc that is becoming ready is waited for, but not for ever") {
  World world(FakeDrive::disc());
  world.ticks_a_look = 1'000'000;
  world.link.drive.senses.assign(50, kBecomingReady);
  CHECK(world.bring_up());
  CHECK(world.drive.blocks() == FakeDrive::kBlocks);
  world.link.drive.senses.assign(1'000'000, kMediumChanged);
  CHECK_FALSE(world.bring_up());
  CHECK(world.ticks < 4'000'000'000);
}

TEST_CASE("a drive that fails, or whose sense says so, is unusable") {
  World world(FakeDrive::disc());
  world.link.drive.senses = {{.key = scsi::Sense::kHardware}};
  CHECK_FALSE(world.bring_up());
  CHECK(world.drive.error() == "refused");
  world.link.drive = FakeDrive::disk();
  world.link.drive.is_disc = true;  // a disk's words to the wrong question
  CHECK_FALSE(world.bring_up());
  CHECK(world.drive.error() == "neither a disk nor a disc drive");
  world.link.drive.identity[0] = 0x8100;  // a tape
  CHECK_FALSE(world.bring_up());
}

TEST_CASE("sizes that can't be are refused") {
  World world(FakeDrive::disk());
  world.link.drive.identity[106] = 0x5000;
  world.link.drive.identity[117] = 3;
  CHECK_FALSE(world.bring_up());
  CHECK(world.drive.error() == "the disk reports an impossible size");
  CHECK(world.drive.blocks() == 0);
  for (const std::uint32_t bytes : {0U, 3U, 2352U, 8192U, 0x8000'0000U}) {
    world.link.drive = FakeDrive::disc();
    world.link.drive.block_bytes = bytes;
    CHECK_FALSE(world.bring_up());
    CHECK(world.drive.error() == "the disc reports an impossible size");
    CHECK(world.drive.blocks() == 0);
  }
}

TEST_CASE("the largest disc is read to its last block") {
  World world(FakeDrive::disc());
  world.link.drive.blocks = 0x1'0000'0000;
  REQUIRE(world.bring_up());
  CHECK(world.drive.blocks() == 0x1'0000'0000);
  std::vector<std::byte> read(2048);
  REQUIRE(world.drive.read(0xFFFF'FFFF, read));
  CHECK(world.link.drive.is_content(0xFFFF'FFFF, read));
}

TEST_CASE("a read of more or fewer bytes has failed, and so has one that the drive refuses") {
  World world(FakeDrive::disk());
  REQUIRE(world.bring_up());
  std::vector<std::byte> read(512);
  for (const std::ptrdiff_t miscounted : {-512, -1, 1, 65536}) {
    world.link.miscounted = miscounted;
    CHECK_FALSE(world.drive.read(0, read));
    CHECK(world.drive.error() == "the drive sends data that wasn't asked for");
  }
  world.link.miscounted = 0;
  world.link.drive.blocks = 1;
  CHECK_FALSE(world.drive.read(1, read));
  CHECK(world.drive.error() == "refused");
  CHECK(world.drive.read(0, read));
}

}  // namespace
}  // namespace mote::ata
