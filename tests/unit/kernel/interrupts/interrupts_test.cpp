// Tests of dozing: the message devices should write, the lines and wires let through, and what
// ended a doze.
//
// The local APIC lives as long as the program, so the cases build on each other in their order.
#include "kernel/interrupts/interrupts.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "tests/unit/kernel/fake_acpi.hpp"
#include "tests/unit/kernel/fake_paging.hpp"
#include "tests/unit/machine/machine.hpp"

extern "C" bool turn_timer_is_on;  // for boot/traps.asm

namespace mote::interrupts {
namespace {

using Writes = std::vector<FakeMachine::Write>;

constexpr std::uint64_t kApic = 0xFEE0'0000;
constexpr std::uint64_t kIoApic = 0xFEC0'0000;

// A PC with all three controllers; its local APIC's identifier is 5.
struct Pc : FakeMachine {
  Pc() {
    paging::fake() = {};
    leaves[{1, 0}] = {0, 0, 1 << 24, 1 << 9};
    leaves[{0x8000'0000, 0}] = {0x8000'0008, 0, 0, 0};
    leaves[{0x8000'0008, 0}] = {40, 0, 0, 0};
    msrs[0x1B] = kApic | 0x900;
    windows = {{kApic, kApic + 0x1000}, {kIoApic, kIoApic + 0x20}};
    memory[kApic + 0x20] = 5U << 24;
    memory[kIoApic + 0x10] = 23U << 16;
    for (std::uint64_t i = 0; i < 8; ++i) {
      memory[kApic + 0x100 + 16 * i] = 0;
      memory[kApic + 0x200 + 16 * i] = 0;
    }
  }
};

TEST_CASE("before the start there are no interrupts") {
  Pc pc;
  CHECK_FALSE(message().has_value());
  CHECK_FALSE(use_line(11));
  CHECK_FALSE(use_wire(5));
  CHECK(pc.writes.empty());
}

TEST_CASE("an APIC whose identifier doesn't fit a message is not used") {
  Pc pc;
  pc.memory[kApic + 0x20] = 0xFFU << 24;  // the broadcast identifier
  CHECK_FALSE(start());
  CHECK_FALSE(message().has_value());
  pc.leaves[{1, 0}] = {};
  CHECK_FALSE(start());
}

TEST_CASE("devices write vector 41h to this CPU's address") {
  Pc pc;
  REQUIRE(start());
  REQUIRE(message().has_value());
  CHECK(message()->address == 0xFEE0'5000);
  CHECK(message()->data == 0x41);
}

TEST_CASE("a wire goes to this CPU's APIC, if the I/O APIC has it") {
  Pc pc;
  CHECK(use_wire(3));
  CHECK(pc.writes.back() == Pc::write32(kIoApic + 0x10, 0x41));
  pc.memory[kIoApic + 0x10] = 23U << 16;
  CHECK_FALSE(use_wire(24));
}

TEST_CASE("a doze ends by the timer or by a device, and the timer is stopped either way") {
  Pc pc;
  for (const bool by_timer : {true, false}) {
    pc.writes.clear();
    pc.on_halt = [&] {
      CHECK(pc.writes.back().where == 0x6E0);  // the deadline is armed before the halt
      pc.memory[kApic + 0x120] = by_timer ? 0 : 2;
      pc.memory[kApic + 0x120] |= by_timer ? 1 << 16 : 0;
    };
    CHECK(doze(1000) == !by_timer);
    CHECK(pc.writes.back() == Pc::wrmsr(0x6E0, 0));
  }
  pc.writes.clear();
  acknowledge();
  CHECK(pc.writes ==
        Writes{Pc::write32(kApic + 0xB0, 0)});  // no line is open, so no 8259A is written to
}

TEST_CASE("a pending interrupt shows at the APIC, or at an 8259A's open line") {
  Pc pc;
  CHECK_FALSE(device_waits());
  pc.memory[kApic + 0x220] = 1 << 1;
  CHECK(device_waits());
  pc.memory[kApic + 0x220] = 0;
  CHECK_FALSE(use_line(2));
  REQUIRE(use_line(11));
  CHECK(pc.writes.back() == Pc::write32(kApic + 0x350, 0x700));  // the pin is unmasked last
  pc.on_in = [](std::uint16_t port, unsigned) -> std::uint32_t { return port == 0xA0 ? 8 : 0; };
  CHECK(device_waits());
  pc.writes.clear();
  acknowledge();
  CHECK(pc.writes ==
        Writes{Pc::write32(kApic + 0xB0, 0), Pc::out8(0xA0, 0x20), Pc::out8(0x20, 0x20)});
  close_lines();
  CHECK_FALSE(device_waits());
}

// The rights of interrupts while the loop runs, and in a doze.
void check_only_the_timer(const Pc& pc) {
  CHECK(pc.interrupts_on);
  CHECK(pc.task_priority == 4);  // holds back 41h, not 50h
  CHECK(turn_timer_is_on);
}

TEST_CASE("a limit lets the timer in and nothing else, except in a doze, which lets in all") {
  Pc pc;
  REQUIRE(start());
  REQUIRE(use_line(11));
  REQUIRE(prepare_limit());
  pc.writes.clear();
  set_limit(5'000'000);
  check_only_the_timer(pc);
  REQUIRE(pc.writes.size() == 2);
  CHECK(pc.writes[0].where == 0x6E0);
  CHECK(pc.writes[1] == Pc::write32(kApic + 0x350, 0x1'0000));  // 8259As heed no priority
  pc.on_halt = [&] {
    CHECK_FALSE(pc.interrupts_on);  // until STI, right before the halt
    CHECK(pc.task_priority == 0);
    CHECK_FALSE(turn_timer_is_on);
    CHECK(pc.writes[pc.writes.size() - 2] == Pc::write32(kApic + 0x350, 0x700));
    pc.memory[kApic + 0x120] = 2;
  };
  CHECK(doze(1000));
  CHECK_FALSE(pc.interrupts_on);
  CHECK(pc.writes.back().where == 0x6E0);
  CHECK(pc.writes.back().value >= pc.ticks + 4'900'000);  // the limit's again
  acknowledge();
  check_only_the_timer(pc);
}

TEST_CASE("an interrupt long before the limit was a doze's; one at its time is the limit's") {
  Pc pc;
  REQUIRE(start());
  REQUIRE(prepare_limit());
  set_limit(5'000'000);
  CHECK_FALSE(take_limit());
  pc.ticks += 4'900'000;  // the timer may be a little early by the counter
  CHECK(take_limit());
  CHECK_FALSE(take_limit());  // it has been set anew
  pc.ticks -= 4'000'000;      // a counter that was set back
  CHECK_FALSE(take_limit());
  pc.ticks += 5'000'000;
  CHECK(take_limit());
  CHECK(pc.writes[pc.writes.size() - 2] == Pc::write32(kApic + 0xB0, 0));
}

}  // namespace
}  // namespace mote::interrupts
