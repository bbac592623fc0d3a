// Tests of the 8259As: the initialization in the data sheet's order, masks, and acknowledgement.
#include "kernel/interrupts/legacy_pic.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "tests/unit/machine/machine.hpp"

namespace mote {
namespace {

using Writes = std::vector<FakeMachine::Write>;

TEST_CASE("the first line initializes both; it is level-triggered, and all others stay masked") {
  FakeMachine pc;
  pc.ports[0x4D0] = 0x20;
  pc.ports[0x4D1] = 0x00;
  LegacyPic pic;
  REQUIRE(pic.open(11));
  // ICW1 to ICW4 of either (8259A data sheet), the trigger mode (ELCR2), the masks: 11 and 2.
  CHECK(pc.writes == Writes{FakeMachine::out8(0x20, 0x11), FakeMachine::out8(0xA0, 0x11),
                            FakeMachine::out8(0x21, 0x20), FakeMachine::out8(0xA1, 0x28),
                            FakeMachine::out8(0x21, 0x04), FakeMachine::out8(0xA1, 0x02),
                            FakeMachine::out8(0x21, 0x01), FakeMachine::out8(0xA1, 0x01),
                            FakeMachine::out8(0x4D1, 0x08), FakeMachine::out8(0x21, 0xFB),
                            FakeMachine::out8(0xA1, 0xF7)});
  pc.writes.clear();
  REQUIRE(pic.open(4));  // open lines stay open, and other lines keep their trigger
  CHECK(pc.writes == Writes{FakeMachine::out8(0x4D0, 0x30), FakeMachine::out8(0x21, 0xEB),
                            FakeMachine::out8(0xA1, 0xF7)});
}

TEST_CASE("lines of the board's own and lines that don't exist are refused without an access") {
  FakeMachine pc;
  LegacyPic pic;
  for (const unsigned line : {0U, 1U, 2U, 8U, 13U, 16U, 255U}) {
    CHECK_FALSE(pic.open(static_cast<std::uint8_t>(line)));
  }
  CHECK(pc.writes.empty());
}

TEST_CASE("with no line open nothing is read, acknowledged or closed") {
  FakeMachine pc;
  LegacyPic pic;
  pic.end_of_interrupt();
  pic.close();
  CHECK_FALSE(pic.any_requested());
  CHECK(pc.writes.empty());
}

TEST_CASE("a request counts if its line is open; both are acknowledged, the second first") {
  FakeMachine pc;
  LegacyPic pic;
  REQUIRE(pic.open(11));
  std::uint8_t first = 0;
  std::uint8_t second = 0;
  pc.on_in = [&](std::uint16_t port, unsigned) -> std::uint32_t {
    return port == 0x20 ? first : second;
  };
  pc.writes.clear();
  CHECK_FALSE(pic.any_requested());
  CHECK(pc.writes == Writes{FakeMachine::out8(0x20, 0x0A), FakeMachine::out8(0xA0, 0x0A)});  // OCW3
  first = 0x01;  // the interval timer's, which is masked
  CHECK_FALSE(pic.any_requested());
  second = 1 << 3;
  CHECK(pic.any_requested());
  pc.writes.clear();
  pic.end_of_interrupt();
  CHECK(pc.writes == Writes{FakeMachine::out8(0xA0, 0x20), FakeMachine::out8(0x20, 0x20)});
  pc.writes.clear();
  pic.close();
  CHECK(pc.writes == Writes{FakeMachine::out8(0x21, 0xFF), FakeMachine::out8(0xA1, 0xFF)});
  CHECK_FALSE(pic.any_requested());
}

}  // namespace
}  // namespace mote
