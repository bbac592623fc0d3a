// Tests of an IDE channel's drives by programmed I/O, good ones and bad ones.
#include "drivers/ide/channel.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "tests/unit/drivers/ide/fake_channel.hpp"

namespace mote::ide {
namespace {

struct World : FakeMachine {
  FakeChannel channel;
  DriveLink link{kPorts, false};
  ata::Drive<DriveLink> drive;
  std::array<std::byte, 512> scratch{};

  World() {
    ticks_a_look = 1'000'000;
    on_in = [this](std::uint16_t port, unsigned) { return channel.in(port); };
    on_out = [this](std::uint16_t port, unsigned, std::uint32_t value) {
      channel.out(port, value);
    };
  }
  bool bring_up() { return link.is_in_use() && drive.bring_up(link, scratch); }
};

TEST_CASE("an absent drive is known after a handful of reads, without a command") {
  World world;
  CHECK_FALSE(world.link.is_in_use());
  world.channel.is_floating = true;
  CHECK_FALSE(world.link.is_in_use());
  CHECK(world.channel.reads < 16);
  CHECK_FALSE(DriveLink().is_in_use());
}

TEST_CASE("a disk is read block by block, by 28-bit and by 48-bit addresses") {
  for (const bool is_extended : {false, true}) {
    World world;
    world.channel.add(ata::FakeDrive::disk(is_extended));
    REQUIRE(world.bring_up());
    std::vector<std::byte> read(8 * 512);
    REQUIRE(world.drive.read(700, read));
    CHECK(world.channel.slots[0].drive.is_content(700, read));
    REQUIRE(world.drive.read(0, read));
    CHECK(world.channel.slots[0].drive.is_content(0, read));
  }
}

TEST_CASE("a disc in the second drive is read, in as many pieces as it likes") {
  World world;
  world.link = DriveLink(kPorts, true);
  world.channel.add(ata::FakeDrive::disc(), 1);
  world.channel.slots[1].drive.senses = {ata::kMediumChanged};
  REQUIRE(world.bring_up());
  for (const std::size_t most : {2, 512, 2048, 0xFFFE}) {
    world.channel.most_offered = most;
    std::vector<std::byte> read(kMostReadBytes);
    REQUIRE(world.drive.read(16, read));
    CHECK(world.channel.slots[1].drive.is_content(16, read));
  }
}

TEST_CASE("a disc drive that was reset has no status yet, but its signature") {
  World world;
  FakeChannel::Slot& slot = world.channel.add(ata::FakeDrive::disc());
  slot.status = 0;
  CHECK_FALSE(world.link.is_in_use());
  slot.offer = 0xEB14;
  CHECK(world.link.is_in_use());
}

TEST_CASE("a drive that hangs, ignores or goes away is unusable within bounded time") {
  World world;
  FakeChannel::Slot& slot = world.channel.add(ata::FakeDrive::disk());
  slot.status = 0xD0;  // busy for ever
  CHECK_FALSE(world.bring_up());
  CHECK(world.drive.error() == "the drive doesn't answer in time");
  CHECK(world.ticks < 2 * kIdleTime.value);
  world.link = DriveLink(kPorts, false);
  slot.status = 0x50;
  world.channel.hangs = true;
  CHECK_FALSE(world.bring_up());
  CHECK(world.drive.error() == "the drive doesn't answer in time");
  world.channel.hangs = false;
  CHECK_FALSE(world.drive.bring_up(world.link, world.scratch));  // it stays unusable
  world.link = DriveLink(kPorts, false);
  slot.status = 0x50;
  world.channel.ignores = true;
  CHECK_FALSE(world.bring_up());
  CHECK(world.drive.error() == "the drive ignores a command");
  world.channel.is_floating = true;
  CHECK_FALSE(world.drive.bring_up(world.link, world.scratch));
  CHECK(world.drive.error() == "the drive is gone");
}

TEST_CASE("a drive with data left over from another command is refused") {
  World world;
  world.channel.add(ata::FakeDrive::disk()).status = 0x58;
  CHECK_FALSE(world.bring_up());
  CHECK(world.drive.error() == "the drive isn't done with a command");
}

// A disc drive that is brought up well, and then lies. Memory behind what is read into is watched.
struct Liar : World {
  std::vector<std::byte> memory = std::vector<std::byte>(4 * 2048, std::byte{0x5A});

  Liar() {
    channel.add(ata::FakeDrive::disc());
    REQUIRE(bring_up());
  }
  bool read() {
    const bool done = drive.read(0, std::span(memory).first(2048));
    CHECK(std::ranges::all_of(std::span(memory).subspan(2048),
                              [](std::byte byte) { return byte == std::byte{0x5A}; }));
    return done;
  }
};

TEST_CASE("more bytes than asked for are forgotten, and the drive goes on") {
  Liar liar;
  liar.channel.appended.resize(1000);
  CHECK_FALSE(liar.read());
  CHECK(liar.drive.error() == "the drive sends data that wasn't asked for");
  liar.channel.appended.clear();
  CHECK(liar.read());
}

TEST_CASE("endless bytes, none, odd counts or another wish end the drive's use") {
  Liar endless;
  endless.channel.appended.resize(1 << 20);
  CHECK_FALSE(endless.read());
  endless.channel.appended.clear();
  CHECK_FALSE(endless.read());
  Liar none;
  none.channel.change_offer = [](FakeChannel::Slot& slot) { slot.offer = 0; };
  CHECK_FALSE(none.read());
  CHECK(none.drive.error() == "the drive offers impossible data");
  Liar odd;
  odd.channel.change_offer = [](FakeChannel::Slot& slot) { slot.offer = 2047; };
  CHECK(odd.read());  // whole words come all the same
  Liar large;
  large.channel.change_offer = [](FakeChannel::Slot& slot) { slot.offer = 0xFFFF; };
  CHECK_FALSE(large.read());
  Liar other;
  other.channel.change_offer = [](FakeChannel::Slot& slot) { slot.reason = 0; };
  CHECK_FALSE(other.read());
  CHECK(other.drive.error() == "the drive offers impossible data");
}

TEST_CASE("a drive that fails in the middle of a read, or hangs there, ends it") {
  for (const std::uint8_t status : {0x51, 0xD0, 0x50}) {  // an error, busy, and no data
    World world;
    FakeChannel::Slot& slot = world.channel.add(ata::FakeDrive::disk());
    REQUIRE(world.bring_up());
    std::vector<std::byte> read(2 * 512);
    unsigned words = 0;
    world.on_in = [&](std::uint16_t port, unsigned) {
      const std::uint32_t value = world.channel.in(port);
      words += port == kPorts.command.value ? 1 : 0;
      slot.status = words == 256 ? status : slot.status;  // after the first block
      return value;
    };
    CHECK_FALSE(world.drive.read(0, read));
    CHECK(words == 256);
    CHECK(world.ticks < 2 * ata::kCommandTime.value);
  }
}

TEST_CASE("a disc drive that hangs at a packet, or wants something else, ends the read") {
  Liar hangs;
  hangs.channel.change_offer = [](FakeChannel::Slot& slot) { slot.status = 0xD0; };
  CHECK_FALSE(hangs.read());
  CHECK(hangs.drive.error() == "the drive doesn't answer in time");
  Liar other;
  other.on_in = [&other](std::uint16_t port, unsigned) {
    const std::uint32_t value = other.channel.in(port);
    return port - kPorts.command.value == 2 ? value ^ 1U : value;  // the interrupt reason
  };
  CHECK_FALSE(other.read());
  CHECK(other.drive.error() == "the drive doesn't take a packet");
}

}  // namespace
}  // namespace mote::ide
