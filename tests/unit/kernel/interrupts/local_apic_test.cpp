// Tests of the local APIC against the numbers of Intel's SDM 3A, chapter 11: in memory and by MSRs.
#include "kernel/interrupts/local_apic.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "tests/unit/kernel/fake_paging.hpp"
#include "tests/unit/machine/machine.hpp"

namespace mote {
namespace {

using Writes = std::vector<FakeMachine::Write>;

constexpr std::uint64_t kBase = 0xFEE0'0000;
constexpr std::uint32_t kHasApic = 1 << 9;       // CPUID leaf 1, EDX
constexpr std::uint32_t kHasDeadline = 1 << 24;  // CPUID leaf 1, ECX

// A CPU of 40 address bits with its APIC in memory or, on request, in x2APIC mode.
struct Cpu : FakeMachine {
  explicit Cpu(std::uint64_t base = kBase | 0x900, std::uint32_t features = kHasDeadline) {
    paging::fake() = {};
    leaves[{1, 0}] = {0, 0, features, kHasApic};
    leaves[{0x8000'0000, 0}] = {0x8000'0008, 0, 0, 0};
    leaves[{0x8000'0008, 0}] = {40, 0, 0, 0};
    msrs[0x1B] = base;
    windows = {{kBase, kBase + 0x1000}};
  }
};

TEST_CASE("registers in memory: enabled, every priority admitted, no 8259A, the timer undivided") {
  Cpu cpu;
  LocalApic apic;
  REQUIRE(apic.start());
  CHECK(cpu.writes == Writes{Cpu::write32(kBase + 0xF0, 0x1FF), Cpu::write32(kBase + 0x80, 0),
                             Cpu::write32(kBase + 0x350, 0x1'0000),
                             Cpu::write32(kBase + 0x3E0, 0b1011),
                             Cpu::write32(kBase + 0x320, 2 << 17 | 0x50)});
  REQUIRE(paging::fake().mapped.size() == 1);
  CHECK(paging::fake().mapped[0].begin == kBase);
  CHECK(paging::fake().mapped[0].end == kBase + 4096);
}

TEST_CASE("in x2APIC mode the same registers are MSRs, and no memory is mapped") {
  Cpu cpu(kBase | 0xD00);
  LocalApic apic;
  REQUIRE(apic.start());
  CHECK(cpu.writes == Writes{Cpu::wrmsr(0x80F, 0x1FF), Cpu::wrmsr(0x808, 0),
                             Cpu::wrmsr(0x835, 0x1'0000), Cpu::wrmsr(0x83E, 0b1011),
                             Cpu::wrmsr(0x832, 2 << 17 | 0x50)});
  CHECK(paging::fake().mapped.empty());
  cpu.writes.clear();
  cpu.msrs[0x802] = 0x1234'5678;
  CHECK(apic.identifier() == 0x1234'5678);
  apic.end_of_interrupt();
  apic.open_pin();
  apic.close_pin();
  CHECK(cpu.writes ==
        Writes{Cpu::wrmsr(0x80B, 0), Cpu::wrmsr(0x835, 0x700), Cpu::wrmsr(0x835, 0x1'0000)});
}

TEST_CASE("an APIC that firmware left off is switched on; address bits the CPU lacks are dropped") {
  Cpu cpu(0xFFFF'FF00'0000'0000 | kBase);
  LocalApic apic;
  REQUIRE(apic.start());
  CHECK(cpu.writes.front() == Cpu::wrmsr(0x1B, 0xFFFF'FF00'0000'0800 | kBase));
  CHECK(paging::fake().mapped.at(0).begin == kBase);
}

TEST_CASE("without an APIC, or when it can't be mapped, nothing is written") {
  Cpu cpu;
  LocalApic apic;
  paging::fake().can_map = false;
  CHECK_FALSE(apic.start());
  paging::fake().can_map = true;
  cpu.leaves[{1, 0}] = {};
  cpu.msrs.clear();  // reading any would fault
  CHECK_FALSE(apic.start());
  CHECK(cpu.writes.empty());
}

TEST_CASE("the timer by deadline: the counter's value, and zero to stop it") {
  Cpu cpu;
  LocalApic apic;
  REQUIRE(apic.start());
  cpu.writes.clear();
  cpu.ticks = 5'000;
  apic.start_timer(70'000);
  apic.stop_timer();
  CHECK(cpu.writes == Writes{Cpu::wrmsr(0x6E0, 75'000 + cpu.ticks_a_look), Cpu::wrmsr(0x6E0, 0)});
}

// The current count register, which falls by one in two ticks of the counter.
void count_down(Cpu& cpu) {
  cpu.on_read = [&cpu](std::uint64_t at, unsigned) -> std::uint64_t {
    return at == kBase + 0x390 ? 0xFFFF'FFFF - cpu.ticks / 2 : 0;
  };
}

TEST_CASE("a timer without deadlines is measured against the counter, and is masked meanwhile") {
  Cpu cpu(kBase | 0x900, 0);
  count_down(cpu);
  LocalApic apic;
  REQUIRE(apic.start());
  REQUIRE(cpu.writes.size() == 8);
  CHECK(cpu.writes[4] == Cpu::write32(kBase + 0x320, 0x1'0050));
  CHECK(cpu.writes[5] == Cpu::write32(kBase + 0x380, 0xFFFF'FFFF));
  CHECK(cpu.writes[6] == Cpu::write32(kBase + 0x380, 0));
  CHECK(cpu.writes[7] == Cpu::write32(kBase + 0x320, 0x50));
  cpu.writes.clear();
  apic.start_timer(2'000'000);
  REQUIRE(cpu.writes.size() == 1);
  CHECK(cpu.writes[0].where == kBase + 0x380);
  CHECK(cpu.writes[0].value == doctest::Approx(1'000'000).epsilon(0.001));
  cpu.writes.clear();
  apic.start_timer(0);                  // a zero would stop the timer
  apic.start_timer(~std::uint64_t{0});  // more than 32 bits
  apic.stop_timer();
  CHECK(cpu.writes[0].value == 1);
  CHECK(cpu.writes[1].value == 0xFFFF'FFFF);
  CHECK(cpu.writes[2] == Cpu::write32(kBase + 0x380, 0));
}

TEST_CASE("begun without waiting, the timer is measured when there has been time") {
  Cpu cpu(kBase | 0x900, 0);
  count_down(cpu);
  LocalApic apic;
  REQUIRE(apic.begin());
  cpu.on_read = [](std::uint64_t, unsigned) { return 0; };  // it has run out
  cpu.ticks += 20'000'000'000;
  CHECK_FALSE(apic.calibrate());
  const std::uint64_t begun = cpu.ticks;
  cpu.on_read = [&](std::uint64_t, unsigned) { return 0xFFFF'FFFF - (cpu.ticks - begun) / 2; };
  CHECK_FALSE(apic.calibrate());  // what was read after it ran out is no beginning
  cpu.ticks += 1'000'000'000;
  REQUIRE(apic.calibrate());
  cpu.writes.clear();
  CHECK(apic.calibrate());
  CHECK(cpu.writes.empty());  // once is enough
  apic.start_timer(2'000'000);
  CHECK(cpu.writes[0].value == doctest::Approx(1'000'000).epsilon(0.001));
  Cpu modern;
  REQUIRE(apic.begin());
  CHECK(apic.calibrate());
}

TEST_CASE("a timer that stands still doesn't count") {
  Cpu cpu(kBase | 0x900, 0);
  cpu.on_read = [](std::uint64_t, unsigned) { return 0x1000; };
  LocalApic apic;
  CHECK_FALSE(apic.start());
  cpu.on_read = [&](std::uint64_t, unsigned) { return cpu.ticks; };  // counts up
  CHECK_FALSE(apic.start());
}

TEST_CASE("in-service and pending bits are found, 32 in each register of 16 bytes") {
  Cpu cpu;
  LocalApic apic;
  REQUIRE(apic.start());
  for (std::uint64_t i = 0; i < 8; ++i) {
    cpu.memory[kBase + 0x100 + 16 * i] = 0;
    cpu.memory[kBase + 0x200 + 16 * i] = 0;
  }
  cpu.memory[kBase + 0x120] = 1;       // vector 40h
  cpu.memory[kBase + 0x220] = 1 << 1;  // vector 41h
  CHECK(apic.in_service(0x40));
  CHECK_FALSE(apic.in_service(0x41));
  CHECK(apic.is_requested(0x41));
  CHECK_FALSE(apic.is_requested(0x40));
  CHECK_FALSE(apic.is_requested(0x61));
  cpu.memory[kBase + 0x20] = 0x0700'0000;
  CHECK(apic.identifier() == 7);
  cpu.writes.clear();
  apic.end_of_interrupt();
  apic.open_pin();
  CHECK(cpu.writes == Writes{Cpu::write32(kBase + 0xB0, 0), Cpu::write32(kBase + 0x350, 0x700)});
}

}  // namespace
}  // namespace mote
