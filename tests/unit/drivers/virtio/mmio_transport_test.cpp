// Tests of virtio over MMIO: every register access of a bring-up, in both versions, and frames.
#include <doctest/doctest.h>

#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "drivers/virtio/nic_bring_up.hpp"
#include "kernel/limits.hpp"
#include "tests/unit/drivers/virtio/mmio_device.hpp"

namespace mote::clock {
// Each look at the clock takes a millisecond.
Nanoseconds now() {
  static std::uint64_t time = 0;
  return Nanoseconds{time += 1'000'000};
}
}  // namespace mote::clock

namespace mote::virtio {
namespace {

using SimulatedTransport = BasicMmioTransport<SimulatedRegisters>;
using SimulatedNic = Nic<SimulatedTransport>;
using Log = std::vector<std::string>;

constexpr Features kChecksumAndEvents = feature::kNetChecksum | feature::kEventIndex;

MmioDevice legacy_device() {
  MmioDevice device;
  device.version = 1;
  device.offered = feature::kNetMac | feature::kNetStatus;
  return device;
}

// A queue's three addresses, in halves, as the script's accesses.
std::string halves(std::uint32_t offset, std::uint64_t address) {
  std::array<char, 80> text{};
  std::snprintf(text.data(), text.size(), "w %03x %x|w %03x %x", offset,
                static_cast<unsigned>(address), offset + 4, static_cast<unsigned>(address >> 32));
  return text.data();
}

void append(Log& log, const std::string& lines) {
  std::size_t at = 0;
  while (at <= lines.size()) {
    const std::size_t end = std::min(lines.find('|', at), lines.size());
    log.push_back(lines.substr(at, end - at));
    at = end + 1;
  }
}

// Takes the driver's buffers back.
void end(SimulatedNic& net, MmioDevice& device) {
  device.status |= status::kNeedsReset;
  CHECK_FALSE(net.link_up());
  device.most_entries = 0;  // the restart fails before anything is lent
  net.reclaim([](void*) {});
  CHECK(Packet::free_count() == limits::kPackets);
}

TEST_CASE("bring-up of version 2, access by access") {
  MmioDevice device;
  SimulatedNic net;
  REQUIRE(SimulatedTransport::is_device(device.window(), kNetDevice));
  CHECK(device.log == Log{"r 000", "r 008"});
  device.log.clear();
  REQUIRE(net.bring_up(device.window()));
  Log script;
  append(script, "r 004|w 070 0|r 070");                  // version, reset
  append(script, "r 070|w 070 1|r 070|w 070 3");          // ACKNOWLEDGE, DRIVER
  append(script, "w 014 0|r 010|w 014 1|r 010");          // offered features
  append(script, "w 024 0|w 020 10020|w 024 1|w 020 1");  // accepted features
  append(script, "r 070|w 070 b|r 070");                  // FEATURES_OK stays
  append(script, "r 0fc|r8 100|r8 101|r8 102|r8 103|r8 104|r8 105|r 0fc");
  for (const unsigned queue : {0U, 1U}) {
    const QueueAddresses& at = device.queues[queue].memory.addresses();
    const std::string select = queue == 0 ? "w 030 0|" : "w 030 1|";
    append(script, select + "r 044|r 034");  // not in use, greatest size
    append(script, select + "w 038 100");
    append(script, halves(0x080, at.descriptors.value));
    append(script, halves(0x090, at.available.value));
    append(script, halves(0x0A0, at.used.value));
    append(script, "w 044 1");
  }
  append(script, "r 070|w 070 f|w 050 0");  // DRIVER_OK, receive buffers
  CHECK(device.log == script);
  CHECK(net.mac() == MacAddress{{0x52, 0x54, 0, 0x12, 0x34, 0x56}});
  CHECK(device.queues[0].memory.waiting() == 256);
  end(net, device);
}

TEST_CASE("bring-up of version 1, access by access") {
  MmioDevice device = legacy_device();
  SimulatedNic net;
  REQUIRE(net.bring_up(device.window()));
  Log script;
  append(script, "r 004|w 070 0|r 070");  // version, reset
  append(script, "r 070|w 070 1|r 070|w 070 3");
  // no upper half; page size in bytes
  append(script, "w 014 0|r 010|w 024 0|w 020 10020|w 028 1000");
  append(script, "r8 100|r8 101|r8 102|r8 103|r8 104|r8 105");
  for (const unsigned queue : {0U, 1U}) {
    std::array<char, 40> page{};
    std::snprintf(page.data(), page.size(), "w 040 %x", device.queues[queue].page);
    const std::string select = queue == 0 ? "w 030 0|" : "w 030 1|";
    append(script, select + "r 040|r 034");
    append(script, select + "w 038 100|w 03c 1000|" + page.data());
  }
  append(script, "r 070|w 070 7|w 050 0");
  CHECK(device.log == script);
  // The header takes a descriptor of its own there: half as many buffers.
  CHECK(device.queues[0].memory.waiting() == 128);
  end(net, device);
}

TEST_CASE("frames go both ways, in both versions and with event indices") {
  for (const bool legacy : {false, true}) {
    for (const Features more : {Features{0}, kChecksumAndEvents}) {
      MmioDevice device = legacy ? legacy_device() : MmioDevice();
      device.offered |= more | feature::kNetMergeable;
      SimulatedNic net;
      REQUIRE(net.bring_up(device.window(), 16));
      for (unsigned i = 0; i < 1000; ++i) {
        const std::vector<std::byte> frame(60 + i, static_cast<std::byte>(i));
        const auto chain = device.queues[0].memory.pop();
        REQUIRE(chain);
        NetHeader header{.buffers = 1};
        std::memcpy(chain->buffers[0].data, &header, sizeof(header));
        std::byte* const body = legacy ? chain->buffers[1].data : chain->buffers[0].data + 12;
        std::memcpy(body, frame.data(), frame.size());
        device.queues[0].memory.complete(chain->head,
                                         static_cast<std::uint32_t>(frame.size() + 12));
        CHECK(net.poll_rx(64, Single{[&](Packet packet, RxChecksum) {
                            REQUIRE(std::ranges::equal(packet.frame(), frame));
                            REQUIRE(net.transmit(packet, {}));
                          }}) == 1);
        net.flush();
        const auto sent = device.queues[1].memory.pop();
        REQUIRE(sent);
        CHECK(std::memcmp(legacy ? sent->buffers[1].data : sent->buffers[0].data + 12, frame.data(),
                          frame.size()) == 0);
        device.queues[1].memory.complete(sent->head, 0);
        net.reclaim([](void*) { FAIL("no cookie was given"); });
      }
      CHECK(device.doorbells[1] > 0);
      CHECK(net.counters().rx_malformed == 0);
      CHECK(net.link_up());
      device.config[6] = 0;
      CHECK_FALSE(net.link_up());
      end(net, device);
    }
  }
}

TEST_CASE("windows without a network device are left alone") {
  const auto is_net = [](MmioDevice device, std::uint64_t bytes = 0x200) {
    const bool found = SimulatedTransport::is_device(device.window(bytes), kNetDevice);
    for (const std::string& access : device.log) {
      CHECK(access.front() == 'r');
    }
    return found;
  };
  CHECK(is_net({}));
  CHECK_FALSE(is_net({.device = 0}));  // QEMU's empty slots
  CHECK_FALSE(is_net({.device = 2}));
  CHECK_FALSE(is_net({.magic = 0}));
  CHECK_FALSE(is_net({.magic = 0xFFFF'FFFF}));
  CHECK_FALSE(is_net({.reachable = false}));
  CHECK_FALSE(is_net({}, 0x100));
  CHECK_FALSE(is_net({}, 0));
}

std::string failure(MmioDevice device) {
  SimulatedNic net;
  REQUIRE_FALSE(net.bring_up(device.window()));
  CHECK((device.status & status::kDriverOk) == 0);
  CHECK(Packet::free_count() == limits::kPackets);
  return std::string(net.error());
}

TEST_CASE("an undrivable device is reported") {
  CHECK(failure({.version = 3}) == "virtio-net: the registers' version is neither 1 nor 2");
  CHECK(failure({.reachable = false}) == "virtio-net: the device's registers can't be reached");
  CHECK(failure({.most_entries = 0}) == "virtio-net: queue 0 is missing");
  CHECK(failure({.most_entries = 8}) == "virtio-net: queue 0 of 8 entries is smaller than 16");
  CHECK(failure({.offered = 0}) == "virtio-net: modern device without VIRTIO_F_VERSION_1");
  CHECK(failure({.reset_reads = 10'000}) == "virtio-net: the device does not end its reset");
  MmioDevice busy;
  busy.keeps_queues = true;
  busy.queues[0].ready = 1;
  CHECK(failure(busy) == "virtio-net: queue 0 is missing");
}

TEST_CASE("any queue size works: the driver uses the power of two below") {
  for (const std::uint32_t most : {16U, 100U, 256U, 300U, 0xFFFF'FFFFU}) {
    for (const bool legacy : {false, true}) {
      MmioDevice device = legacy ? legacy_device() : MmioDevice();
      device.most_entries = most;
      SimulatedNic net;
      REQUIRE(net.bring_up(device.window()));
      CHECK(device.queues[0].entries == std::bit_floor(std::min(most, 256U)));
      end(net, device);
    }
  }
}

TEST_CASE("a slow reset is waited for, and a device that stopped is restarted") {
  for (const bool legacy : {false, true}) {
    MmioDevice device = legacy ? legacy_device() : MmioDevice();
    device.reset_reads = 10;
    SimulatedNic net;
    REQUIRE(net.bring_up(device.window()));
    device.status |= status::kNeedsReset;
    for (unsigned look = 0; look < device.reset_reads; ++look) {
      CHECK_FALSE(net.link_up());  // each look costs one read, without waiting
      net.reclaim([](void*) {});
    }
    CHECK(net.link_up());
    device.reset_reads = 0;
    CHECK(device.queues[0].memory.waiting() != 0);
    CHECK(device.doorbells[0] == 2);
    end(net, device);
  }
}

TEST_CASE("configuration behind the window's end reads as zero") {
  MmioDevice device;
  SimulatedTransport transport;
  REQUIRE(transport.open(device.window(0x106)).empty());
  CHECK(transport.config8(5) == 0x56);
  CHECK(transport.config8(6) == 0);
  CHECK(transport.config16(4) == 0x5634);
  CHECK(transport.config16(5) == 0);
  CHECK(transport.config16(6) == 0);
  CHECK(transport.config32(4) == 0);
}

TEST_CASE("the device's interrupts are acknowledged if its wire is connected") {
  for (const bool wired : {false, true}) {
    MmioDevice device;
    device.interrupts = wired;
    SimulatedTransport transport;
    REQUIRE(transport.open(device.window()).empty());
    CHECK(transport.can_interrupt() == wired);
    device.raised = 3;
    transport.clear_interrupt();
    CHECK(device.raised == (wired ? 0 : 3));
  }
}

}  // namespace
}  // namespace mote::virtio
