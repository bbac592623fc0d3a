// Tests of an AHCI port and its drive, good ones and bad ones.
#include "drivers/ahci/port.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "tests/unit/drivers/ahci/fake_port.hpp"
#include "tests/unit/machine/machine.hpp"

namespace mote::ahci {
namespace {

constexpr std::uint64_t kPlace = 0xFEB0'0100;

struct World : FakeMachine {
  FakePort fake;
  alignas(PortMemory::kAlignment) PortMemory memory;
  Port port{PhysicalAddress{kPlace}};
  ata::Drive<Port> drive;

  explicit World(ata::FakeDrive wanted) {
    fake.drive = std::move(wanted);
    ticks_a_look = 1'000'000;
    windows = {{kPlace, kPlace + port::kBytes}};
    on_read = [this](std::uint64_t at, unsigned) { return fake.read(at - kPlace); };
    on_write = [this](std::uint64_t at, unsigned, std::uint64_t value) {
      fake.write(at - kPlace, static_cast<std::uint32_t>(value));
    };
  }
  bool bring_up() { return port.start(memory) && drive.bring_up(port, memory.scratch); }
};

TEST_CASE("disks are read by DMA, and the port stops") {
  for (const bool is_extended : {false, true}) {
    World world(ata::FakeDrive::disk(is_extended));
    REQUIRE(world.bring_up());
    std::vector<std::byte> read(kMostReadBytes);
    REQUIRE(world.drive.read(500, read));
    CHECK(world.fake.drive.is_content(500, read));
    CHECK(world.port.stop());
    CHECK((world.fake.registers[port::kCommand] & (port::kStart | port::kFisReceive)) == 0);
    CHECK_FALSE(world.drive.read(0, read));
  }
}

TEST_CASE("a disc is read after errors that the drive explains") {
  World world(ata::FakeDrive::disc());
  world.fake.drive.senses = {ata::kMediumChanged, ata::kBecomingReady};
  REQUIRE(world.bring_up());
  CHECK(world.drive.model() == "ahci-cd");
  std::vector<std::byte> read(2048);
  REQUIRE(world.drive.read(16, read));
  CHECK(world.fake.drive.is_content(16, read));
  world.fake.drive.blocks = 1;
  CHECK_FALSE(world.drive.read(16, read));
  CHECK(world.drive.error() == "the drive reports an error");
  CHECK(world.drive.read(0, read));
}

TEST_CASE("whether a drive is there") {
  World world(ata::FakeDrive::disk());
  for (const std::uint32_t detected : {0U, 2U, 4U, 0xFFFF'FFFFU, 0xAAAA'AAACU}) {
    world.fake.detected = detected;
    CHECK_FALSE(world.port.is_in_use());
  }
  world.fake.detected = 0x113;
  CHECK(world.port.is_in_use());
}

TEST_CASE("a link that firmware left down is brought up, or waited for in vain") {
  World world(ata::FakeDrive::disk());
  world.fake.detected = port::kPresent;
  CHECK(world.bring_up());
  world.fake.detected = port::kPresent;
  world.fake.comes_up = false;
  world.ticks = 0;
  CHECK_FALSE(world.bring_up());
  CHECK(world.port.error() == "the link to the drive doesn't come up");
  CHECK(world.ticks < 2 * kLinkTime.value);
}

TEST_CASE("a drive that hangs or is never ready is unusable in bounded time") {
  World world(ata::FakeDrive::disk());
  world.fake.hangs = true;
  CHECK_FALSE(world.bring_up());
  CHECK(world.drive.error() == "the drive doesn't answer in time");
  CHECK(world.ticks < 2 * ata::kCommandTime.value);
  CHECK(world.fake.is_at_work);
  CHECK(world.port.stop());
  CHECK_FALSE(world.fake.is_at_work);
  world.fake.task_file = 0xFF;
  CHECK_FALSE(world.bring_up());
  CHECK(world.port.error() == "the drive is busy");
}

TEST_CASE("a port that never stops, or is gone, is told of") {
  World world(ata::FakeDrive::disk());
  world.fake.never_stops = true;
  CHECK_FALSE(world.bring_up());
  CHECK(world.port.error() == "the port doesn't stop");
  CHECK_FALSE(world.port.stop());
  World gone(ata::FakeDrive::disk());
  REQUIRE(gone.bring_up());
  gone.fake.is_gone = true;
  std::vector<std::byte> read(512);
  CHECK_FALSE(gone.drive.read(0, read));
  CHECK_FALSE(gone.port.stop());
}

TEST_CASE("an error of the port, and a wrong count of bytes") {
  World world(ata::FakeDrive::disk());
  REQUIRE(world.bring_up());
  std::vector<std::byte> read(512);
  for (const std::uint32_t miscounted : {1U, 512U, 0xFFFF'FFFFU}) {
    world.fake.miscounted = miscounted;
    CHECK_FALSE(world.drive.read(0, read));
  }
  world.fake.miscounted = 0;
  CHECK(world.drive.read(0, read));
  world.fake.causes = 1 << 27;  // IFS
  CHECK_FALSE(world.drive.read(0, read));
  CHECK(world.drive.error() == "the port reports an error");
  world.fake.causes = 0;
  CHECK_FALSE(world.drive.read(0, read));
}

}  // namespace
}  // namespace mote::ahci
