// Tests of the e1000's bring-up: every write, in order, compared with the manual's numbers.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/fakes/ring_memory.hpp"
#include "tests/unit/drivers/e1000/world.hpp"

namespace mote::e1000 {
namespace {

using Script = std::vector<Access>;

void append(Script& script, const Script& more) {
  script.insert(script.end(), more.begin(), more.end());
}

// From the receive addresses to the tails (14.3 to 14.5): common to all families.
Script common_part(FakeDevice& device, std::uint32_t management, std::uint32_t txdctl,
                   std::uint32_t tipg, std::uint32_t tctl) {
  Script script = {{0x28, 0},
                   {0x2C, 0},
                   {0x30, 0},
                   {0x170, 0},
                   {0x2160, 0},
                   {0x2168, 0},  // no flow control
                   {0x5400, 0x1200'5452},
                   {0x5404, 0x8000'5634}};
  for (std::uint32_t i = 1; i < 16; ++i) {
    append(script, {{0x5404 + 8 * i, 0}, {0x5400 + 8 * i, 0}});
  }
  for (std::uint32_t i = 0; i < 128; ++i) {
    append(script, {{0x5200 + 4 * i, 0}});
  }
  if (management != 0) {
    append(script, {{0x5820, 0}});
  }
  append(script, {{0x3800, device.registers[0x3800]},
                  {0x3804, device.registers[0x3804]},
                  {0x3808, 512 * 16},
                  {0x3810, 0},
                  {0x3818, 0},
                  {0x3828, txdctl},
                  {0x410, tipg},
                  {0x400, tctl},
                  {0x2800, device.registers[0x2800]},
                  {0x2804, device.registers[0x2804]},
                  {0x2808, 256 * 16},
                  {0x2810, 0},
                  {0x2818, 0},
                  {0x2820, 0},
                  {0x2828, 0x0101'0000}});
  if (device.express()) {
    append(script, {{0x5008, 0}});
  }
  append(script, {{0x5000, 0x300}, {0x100, 0x0400'8002}, {0x2818, 255}});
  return script;
}

const Script kSilence = {{0xD8, 0xFFFF'FFFF}, {0x100, 0}, {0x400, 0}};

TEST_CASE("an 8254x is brought up in the order of chapter 14") {
  for (const std::uint16_t id : {0x1004, 0x1008, 0x100C, 0x100E, 0x100F}) {
    const bool old = id < 0x100E;
    World world({.id = id});
    Script expected = kSilence;
    append(expected, {{0x0, 0x0400'0000}});
    append(expected, kSilence);
    append(expected, {{0x0, 0x60}});  // SLU and ASDE
    // The 82543GC's transmitter has WTHRESH 0, and cuts no TCP segments.
    append(expected,
           common_part(world.device, old ? 0 : 1, id == 0x1004 ? 0x0100'0000 : 0x0101'0000,
                       old ? 0x0060'2008 : 0x0060'200A, 0x0004'00FA));
    CHECK(world.device.writes == expected);
    CHECK(world.net.model() == "e1000");
    CHECK(world.net.features() == (id == 0x1004 ? "csum rxcsum" : "csum tso4 rxcsum"));
    CHECK(world.net.offloads().segmentation ==
          (id == 0x1004 ? Segmentation::kNone : Segmentation::kNoLength));
    CHECK(world.net.mac() == MacAddress{{0x52, 0x54, 0, 0x12, 0x34, 0x56}});
    CHECK(world.net.mtu() == 1500);
    CHECK(world.net.link_up());
  }
}

TEST_CASE("an 82574 shares its reset with firmware") {
  World world({.id = 0x10D3});
  Script expected = kSilence;
  append(expected, {{0x0, 0x4}, {0xF00, 0x20}, {0x0, 0x0400'0004}, {0xF00, 0}, {0x18, 1 << 28}});
  append(expected, kSilence);
  append(expected, {{0x0, 0x40}});  // SLU alone
  append(expected, common_part(world.device, 1, 0x0141'0000, 0x0060'2008, 0x3004'00FA));
  CHECK(world.device.writes == expected);
  CHECK(world.net.model() == "e1000e");
  CHECK(world.net.features() == "csum tso4 rxcsum");
  CHECK(world.net.offloads().segmentation == Segmentation::kNoLength);
}

TEST_CASE("firmware that keeps MDIO to itself is not waited for for ever") {
  FakeDevice device{.id = 0x10D3, .lends_mdio = false};
  device.registers[0x8] = 0x0008'0002;  // and the device remains a bus master
  World world(device);
  CHECK(world.net.link_up());
}

TEST_CASE("settings that firmware left in the registers are undone") {
  FakeDevice device;
  device.registers[0x0] = 0xD800'1881;  // forced speed, pause frames, VLAN, PHY reset
  device.registers[0x5820] = 0x2000;    // ARP requests to the management controller
  World world(device);
  CHECK((world.device.registers[0x0] & 0xD800'1888) == 0);
  CHECK((world.device.registers[0x5820] & 0x2000) == 0);
}

TEST_CASE("without a valid receive address the EEPROM is read") {
  for (const std::uint16_t id : {0x1008, 0x100E, 0x10D3}) {
    World world({.id = id, .loads_address = false});
    CHECK(world.net.mac() == MacAddress{{0x52, 0x54, 0, 0x12, 0x34, 0x56}});
    CHECK(world.device.registers[0x5400] == 0x1200'5452);
    CHECK(world.device.registers[0x5404] == 0x8000'5634);
  }
}

std::string failure(FakeDevice device) {
  FakeNic net;
  REQUIRE_FALSE(net.bring_up(&device));
  CHECK((device.registers[0x100] & 2) == 0);  // receiver and transmitter stay off
  CHECK((device.registers[0x400] & 2) == 0);
  CHECK(Packet::free_count() == kAll);
  return std::string(net.error());
}

TEST_CASE("an unusable device is refused, with a reason") {
  CHECK(failure({.id = 0x1000}) == "e1000: not a controller of this family");
  CHECK(failure({.ends_reset = false}) == "e1000: the device does not end its reset");
  CHECK(failure({.loads_address = false, .answers_eerd = false}) ==
        "e1000: the device has no MAC address");
  CHECK(failure({.address = {}}) == "e1000: the device's MAC address can't be a station's");
  CHECK(failure({.loads_address = false, .address = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}}) ==
        "e1000: the device's MAC address can't be a station's");
}

TEST_CASE("an object that failed with one device works with another") {
  FakeDevice dead{.ends_reset = false};
  FakeDevice gone{.id = 0x10D3};
  FakeNic net;
  REQUIRE_FALSE(net.bring_up(&dead));
  fakes::ring_memory_left = false;
  CHECK_FALSE(net.bring_up(&gone));
  CHECK(net.error() == "e1000: no memory left for rings");
  fakes::ring_memory_left = true;
  CHECK(Packet::free_count() == kAll);
  CHECK(net.bring_up(&gone, 0));
  CHECK(net.error().empty());
  CHECK(net.model() == "e1000e");
}

TEST_CASE("the link follows STATUS.LU, and a device that went away has none") {
  World world;
  world.device.registers[0x8] = 0x80;
  CHECK_FALSE(world.net.link_up());
  world.device.registers[0x8] = 0x82;
  CHECK(world.net.link_up());
  world.device.registers[0x8] = 0xFFFF'FFFF;
  CHECK_FALSE(world.net.link_up());
}

TEST_CASE("the controllers that hypervisors offer are driven, others are not") {
  for (const std::uint16_t id : {0x1004, 0x1008, 0x100C, 0x100E, 0x100F, 0x10D3}) {
    CHECK(family_of(id) != nullptr);
  }
  for (const std::uint16_t id : {0x0000, 0x1000, 0x1009, 0x1013, 0x1019, 0x108B, 0x10A7, 0x1521}) {
    CHECK(family_of(id) == nullptr);
  }
}

}  // namespace
}  // namespace mote::e1000
