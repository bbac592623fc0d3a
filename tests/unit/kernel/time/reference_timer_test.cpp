// Tests of the timers against which the counter is measured: the 8254's programming, and wraps.
#include "kernel/time/reference_timer.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "tests/unit/machine/machine.hpp"

namespace mote {
namespace {

using Writes = std::vector<FakeMachine::Write>;

TEST_CASE("the PIT's channel 2 runs as a rate generator, with its gate open and the speaker off") {
  FakeMachine pc;
  pc.ports[0x61] = 0x32;
  Pit pit;
  pit.start();
  // 8254 data sheet: channel 2, low and high byte, mode 2; a count of 0 is 65,536.
  CHECK(pc.writes == Writes{FakeMachine::out8(0x61, 0x31), FakeMachine::out8(0x43, 0xB4),
                            FakeMachine::out8(0x42, 0), FakeMachine::out8(0x42, 0)});
  pc.writes.clear();
  std::uint32_t half = 0;
  pc.on_in = [&](std::uint16_t port, unsigned) -> std::uint32_t {
    CHECK(port == 0x42);
    return half++ == 0 ? 0x34 : 0x12;
  };
  CHECK(pit.read() == 0x1234);
  CHECK(pc.writes ==
        Writes{FakeMachine::out8(0x43, 0x80)});  // latched, so that both halves belong together
  pc.writes.clear();
  pit.stop();
  CHECK(pc.writes == Writes{FakeMachine::out8(0x61, 0x32)});
}

TEST_CASE("the PIT counts down through zero, ACPI's timer up through 24 bits") {
  CHECK(Pit::between(5, 3) == 2);
  CHECK(Pit::between(3, 0xFFFE) == 5);
  CHECK(PmTimer::between(3, 5) == 2);
  CHECK(PmTimer::between(0xFF'FFFE, 3) == 5);
  CHECK(PmTimer::between(0x01FF'FFFE, 0x0200'0003) == 5);  // a timer of 32 bits
  CHECK(PmTimer::kHertz == 3'579'545);
  CHECK(Pit::kHertz == 1'193'182);
}

TEST_CASE("ACPI's timer is one read of 32 bits") {
  FakeMachine pc;
  pc.on_in = [](std::uint16_t port, unsigned bytes) -> std::uint32_t {
    CHECK((port == 0x608 && bytes == 4));
    return 0x0123'4567;
  };
  CHECK(PmTimer(IoPort{0x608}).read() == 0x0123'4567);
}

}  // namespace
}  // namespace mote
