// Tests of virtio over MMIO by registers in memory: what is mapped, and the wire of its interrupt.
#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "drivers/virtio/mmio_transport.hpp"
#include "tests/unit/kernel/fake_interrupts.hpp"
#include "tests/unit/kernel/fake_paging.hpp"
#include "tests/unit/machine/machine.hpp"

namespace mote::virtio {
namespace {

constexpr std::uint64_t kBase = 0xFEB0'2E00;
constexpr MmioWindow kWindow{{kBase}, 0x200, 12};

// A network device of version 2 (virtio 1.2, 4.2.2).
struct Device : FakeMachine {
  Device() {
    paging::fake() = {};
    interrupts::fake() = {};
    windows = {{kBase, kBase + 0x200}};
    memory[kBase + 0x000] = 0x7472'6976;
    memory[kBase + 0x004] = 2;
    memory[kBase + 0x008] = 1;
    memory[kBase + 0x070] = 0;
  }
};

TEST_CASE("a window is mapped before it is read, and must be aligned") {
  Device device;
  CHECK(MmioTransport::is_device(kWindow, 1));
  CHECK_FALSE(MmioTransport::is_device(kWindow, 2));
  CHECK(paging::fake().mapped.at(0).begin == kBase);
  CHECK(paging::fake().mapped.at(0).end == kBase + 0x200);
  device.on_read = [](std::uint64_t, unsigned) -> std::uint64_t { throw "not mapped"; };
  CHECK_FALSE(MmioTransport::is_device({{kBase + 2}, 0x200, 12}, 1));
  paging::fake().can_map = false;
  CHECK_FALSE(MmioTransport::is_device(kWindow, 1));
  MmioTransport transport;
  CHECK(transport.open(kWindow) == "the device's registers can't be reached");
}

TEST_CASE("registers are read and written in their widths") {
  Device device;
  MmioTransport transport;
  REQUIRE(transport.open(kWindow).empty());
  transport.set_status(3);
  transport.notify(1);
  CHECK(device.writes == std::vector<FakeMachine::Write>{FakeMachine::write32(kBase + 0x70, 3),
                                                         FakeMachine::write32(kBase + 0x50, 1)});
  device.on_read = [](std::uint64_t at, unsigned bytes) -> std::uint64_t {
    return at << 4 | bytes;
  };
  CHECK(transport.config8(4) == static_cast<std::uint8_t>((kBase + 0x104) << 4 | 1));
  CHECK(transport.config16(6) == static_cast<std::uint16_t>((kBase + 0x106) << 4 | 2));
  CHECK(transport.config32(8) == static_cast<std::uint32_t>((kBase + 0x108) << 4 | 4));
  CHECK(transport.status() == static_cast<std::uint8_t>((kBase + 0x70) << 4 | 4));
}

TEST_CASE("an interrupt comes by the wire that was named, if there is one") {
  Device device;
  MmioTransport transport;
  REQUIRE(transport.open(kWindow).empty());
  CHECK_FALSE(transport.can_interrupt());
  CHECK(interrupts::fake().opened_wires == std::vector<std::uint32_t>{12});
  interrupts::fake().wires = {12};
  REQUIRE(transport.open(kWindow).empty());
  CHECK(transport.can_interrupt());
  REQUIRE(transport.open({{kBase}, 0x200, {}}).empty());
  CHECK_FALSE(transport.can_interrupt());
  CHECK(interrupts::fake().opened_wires.size() == 2);
}

}  // namespace
}  // namespace mote::virtio
