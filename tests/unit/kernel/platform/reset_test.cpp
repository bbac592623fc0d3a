// Tests of the ways to reset: their order, the time each gets to work, and that no wait is endless.
#include "kernel/platform/reset.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "tests/unit/kernel/fake_acpi.hpp"
#include "tests/unit/kernel/fake_paging.hpp"
#include "tests/unit/machine/machine.hpp"

namespace mote {
namespace {

using Writes = std::vector<FakeMachine::Write>;

// A machine that survives everything but a triple fault. Its keyboard controller is idle.
struct Survivor : FakeMachine {
  std::vector<std::uint64_t> times;

  Survivor() {
    acpi::told() = {};
    paging::fake() = {};
    ports[0x64] = 0x18;
    on_out = [this](std::uint16_t, unsigned, std::uint32_t) { times.push_back(ticks); };
  }
};

// ICH9 data sheet, 13.7.5: a hard reset selected, then triggered. And the 8042's pulse.
const Writes kUsual = {FakeMachine::out8(0xCF9, 0x02), FakeMachine::out8(0xCF9, 0x06),
                       FakeMachine::out8(0x64, 0xFE)};

TEST_CASE("without ACPI: the chipset, the keyboard controller, and the triple fault") {
  Survivor machine;
  CHECK_THROWS_AS(reset_machine(), FakeMachine::TripleFault);
  CHECK(machine.writes == kUsual);
}

TEST_CASE("ACPI's register comes first, and each way has 10 ms to work") {
  Survivor machine;
  acpi::told().reset_register = {.where = {.is_io = true, .address = 0xB2}, .value = 0x5A};
  CHECK_THROWS_AS(reset_machine(), FakeMachine::TripleFault);
  REQUIRE(machine.writes.size() == 4);
  CHECK(machine.writes[0] == FakeMachine::out8(0xB2, 0x5A));
  CHECK(Writes(machine.writes.begin() + 1, machine.writes.end()) == kUsual);
  constexpr std::uint64_t kMs = 1'000'000;
  CHECK(machine.times[1] - machine.times[0] >= 10 * kMs);
  CHECK(machine.times[2] == machine.times[1]);
  CHECK(machine.times[3] - machine.times[2] >= 10 * kMs);
  CHECK(machine.ticks - machine.times[0] < 40 * kMs);
}

TEST_CASE("ACPI's register may lie in memory, which must be mapped first") {
  Survivor machine;
  machine.windows = {{0xFED0'0000, 0xFED0'1000}};
  acpi::told().reset_register = {.where = {.is_io = false, .address = 0xFED0'0040}, .value = 1};
  CHECK_THROWS_AS(reset_machine(), FakeMachine::TripleFault);
  CHECK(machine.writes[0] == FakeMachine::write8(0xFED0'0040, 1));
  CHECK(paging::fake().mapped.at(0).begin == 0xFED0'0040);
  machine.writes.clear();
  paging::fake().can_map = false;
  CHECK_THROWS_AS(reset_machine(), FakeMachine::TripleFault);
  CHECK(machine.writes == kUsual);
}

TEST_CASE("a keyboard controller that stays busy gets its command anyway, after 10 ms") {
  Survivor machine;
  machine.ports[0x64] = 0xFF;  // as if there were none
  CHECK_THROWS_AS(reset_machine(), FakeMachine::TripleFault);
  CHECK(machine.writes == kUsual);
  CHECK(machine.times[2] - machine.times[1] >= 20'000'000);
}

}  // namespace
}  // namespace mote
