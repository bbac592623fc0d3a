// Tests of the power button of each kind, and of the ways off.
#include "kernel/platform/power.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "kernel/acpi/acpi.hpp"
#include "kernel/console/console.hpp"
#include "tests/unit/fake_console.hpp"
#include "tests/unit/kernel/fake_acpi.hpp"
#include "tests/unit/kernel/fake_paging.hpp"
#include "tests/unit/machine/machine.hpp"

namespace mote {

void console::drain() {}

namespace {

using Writes = std::vector<FakeMachine::Write>;

constexpr std::uint16_t kStatus = 0x600;
constexpr std::uint16_t kEnable = 0x602;
constexpr std::uint16_t kControl = 0x604;
constexpr std::uint16_t kSmi = 0xB2;

// A machine with no hardware but what a test gives it.
struct Machine : FakeMachine {
  Machine() {
    acpi::told() = {};
    paging::fake() = {};
    console::written().clear();
  }
};

acpi::FixedHardware fixed_hardware() {
  acpi::FixedHardware fixed;
  fixed.statuses[0] = {kStatus};
  fixed.enables[0] = {kEnable};
  fixed.controls[0] = {kControl};
  fixed.has_power_button = true;
  fixed.smi_command = {kSmi};
  fixed.acpi_enable = 2;
  return fixed;
}

// A hardware-reduced machine.
struct Reduced : Machine {
  Reduced() { acpi::told().sleep_control = acpi::Register{true, 0x600}; }
};

// A PC whose status register clears the bits that are written as one.
struct Pc : Machine {
  bool obeys = true;  // the SMI command

  Pc() {
    acpi::told().fixed_hardware = fixed_hardware();
    ports[kStatus] = 0;
    ports[kEnable] = 0;
    ports[kControl] = 1;
    on_out = [this](std::uint16_t port, unsigned, std::uint32_t value) {
      if (port == kStatus) {
        ports[port] &= ~value;
      } else if (port == kSmi) {
        ports[kControl] |= obeys ? 1 : 0;
      } else {
        ports[port] = value;
      }
    };
  }
};

TEST_CASE("fixed button: old presses are forgotten, a new one is told once") {
  Pc machine;
  machine.ports[kStatus] = 0x8100;
  initialize_power_button();
  CHECK(machine.writes ==
        Writes{FakeMachine::out16(kStatus, 0x100), FakeMachine::out16(kEnable, 0x100)});
  CHECK(power_request() == PowerRequest::kNone);
  machine.ports[kStatus] |= 0x100;
  CHECK(power_request() == PowerRequest::kOff);
  CHECK(power_request() == PowerRequest::kNone);
  CHECK(machine.ports[kStatus] == 0x8000);  // the others' bits are left alone
  CHECK(console::written().empty());
}

TEST_CASE("without a press a poll reads one port and writes none") {
  Pc machine;
  initialize_power_button();
  machine.writes.clear();
  unsigned reads = 0;
  machine.on_in = [&](std::uint16_t port, unsigned bytes) {
    ++reads;
    CHECK(port == kStatus);
    CHECK(bytes == 2);
    return 0U;
  };
  CHECK(power_request() == PowerRequest::kNone);
  CHECK(reads == 1);
  CHECK(machine.writes.empty());
}

TEST_CASE("the button's bit may be in block b") {
  Pc machine;
  acpi::told().fixed_hardware.statuses[1] = {0x700};
  acpi::told().fixed_hardware.enables[1] = {0x702};
  machine.ports[0x700] = 0;
  initialize_power_button();
  CHECK(machine.ports[0x702] == 0x100);
  machine.ports[0x700] = 0x100;
  CHECK(power_request() == PowerRequest::kOff);
}

TEST_CASE("a port where nothing answers is no press") {
  Pc machine;
  initialize_power_button();
  machine.ports[kStatus] = 0xFFFF;
  CHECK(power_request() == PowerRequest::kNone);
}

TEST_CASE("a machine in legacy mode is switched to ACPI mode") {
  Pc machine;
  machine.ports[kControl] = 0;
  initialize_power_button();
  CHECK(machine.writes.front() == FakeMachine::out8(kSmi, 2));
  CHECK(machine.ports[kControl] == 1);
  CHECK(console::written().empty());
}

TEST_CASE("firmware that doesn't switch is waited for 300 ms, and named") {
  Pc machine;
  machine.ports[kControl] = 0;
  machine.obeys = false;
  initialize_power_button();
  CHECK(machine.ticks >= 300'000'000);
  CHECK(machine.ticks < 310'000'000);
  CHECK(console::written() == "power: the firmware doesn't hand over the button\n");
  machine.ports[kStatus] = 0x100;
  CHECK(power_request() == PowerRequest::kOff);  // watched nevertheless
}

TEST_CASE("without an SMI command nothing is switched") {
  Pc machine;
  acpi::told().fixed_hardware.smi_command = {};
  machine.ports[kControl] = 0;
  initialize_power_button();
  CHECK(machine.writes.front().where == kStatus);
}

TEST_CASE("an event register that doesn't answer is no press") {
  for (const std::uint8_t bytes : {1, 4}) {
    Reduced machine;
    acpi::told().power_event = acpi::PowerEvent{{true, 0x620}, bytes, 2};
    machine.ports[0x620] = 0;
    initialize_power_button();
    machine.ports[0x620] = bytes == 1 ? 0xFF : 0xFFFF'FFFF;
    CHECK(power_request() == PowerRequest::kNone);
  }
}

TEST_CASE("event register in memory: mapped, cleared by reading") {
  Reduced machine;
  constexpr std::uint64_t kAddress = 0xFEA0'0000;
  acpi::told().power_event = acpi::PowerEvent{{false, kAddress}, 4, 2};
  machine.windows = {{kAddress, kAddress + 4}};
  std::uint32_t events = 3;
  machine.on_read = [&](std::uint64_t, unsigned bytes) {
    CHECK(bytes == 4);
    const std::uint32_t was = events;
    events = 0;
    return std::uint64_t{was};
  };
  initialize_power_button();
  REQUIRE(paging::fake().mapped.size() == 1);
  CHECK(paging::fake().mapped[0].begin == kAddress);
  CHECK(power_request() == PowerRequest::kNone);
  events = 1;  // another event
  CHECK(power_request() == PowerRequest::kNone);
  events = 3;
  CHECK(power_request() == PowerRequest::kOff);
  CHECK(power_request() == PowerRequest::kNone);
  CHECK(machine.writes.empty());
}

TEST_CASE("event register of one byte, at a port or in memory") {
  Reduced machine;
  acpi::told().power_event = acpi::PowerEvent{{true, 0xB000}, 1, 8};
  machine.ports[0xB000] = 0;
  initialize_power_button();
  machine.ports[0xB000] = 8;
  CHECK(power_request() == PowerRequest::kOff);
  acpi::told().power_event = acpi::PowerEvent{{false, 0xD000'0001}, 1, 8};
  machine.windows = {{0xD000'0000, 0xD000'1000}};
  machine.memory[0xD000'0001] = 0;
  initialize_power_button();
  CHECK(power_request() == PowerRequest::kNone);
  machine.memory[0xD000'0001] = 8;
  CHECK(power_request() == PowerRequest::kOff);
}

// A keyboard controller with keys waiting.
struct Keyboard : Machine {
  std::vector<std::uint8_t> keys;

  Keyboard() {
    on_in = [this](std::uint16_t port, unsigned) -> std::uint32_t {
      if (port == 0x64) {
        return keys.empty() ? 0x10 : 0x11;
      }
      REQUIRE(port == 0x60);
      const std::uint8_t key = keys.front();
      keys.erase(keys.begin());
      return key;
    };
  }
  PowerRequest type(std::vector<std::uint8_t> typed) {
    keys = std::move(typed);
    return power_request();
  }
};

TEST_CASE("Ctrl+Alt+Del where there is only a keyboard controller, as in Firecracker") {
  Keyboard machine;
  initialize_power_button();
  CHECK(power_request() == PowerRequest::kNone);
  CHECK(machine.type({0x14, 0x11, 0xE0, 0x71}) == PowerRequest::kReset);
  CHECK(power_request() == PowerRequest::kNone);
  CHECK(machine.type({0x14, 0x11}) == PowerRequest::kNone);
  CHECK(machine.type({0xE0, 0x71}) == PowerRequest::kReset);
  CHECK(machine.type({0x14, 0x14, 0x11, 0xE0, 0x71}) == PowerRequest::kReset);
  CHECK(machine.type({0x14, 0x11, 0x71}) == PowerRequest::kNone);
  CHECK(machine.type({0x11, 0xE0, 0x71, 0xFA}) == PowerRequest::kNone);
  CHECK(machine.writes.empty());
}

TEST_CASE("a controller that is always full takes a bounded number of reads") {
  Machine machine;
  bool present = false;
  unsigned reads = 0;
  machine.on_in = [&](std::uint16_t, unsigned) {
    ++reads;
    return present ? 0xFFU : 0x10U;
  };
  initialize_power_button();
  present = true;
  reads = 0;
  CHECK(power_request() == PowerRequest::kNone);
  CHECK(reads == 32);
}

TEST_CASE("the keyboard is left alone where there is a button") {
  Pc machine;
  machine.ports[0x64] = 0x11;
  machine.ports[0x60] = 0x14;
  initialize_power_button();
  CHECK(power_request() == PowerRequest::kNone);
  CHECK_FALSE(machine.ports.empty());
}

TEST_CASE("a machine without any button says so") {
  Reduced machine;
  machine.ports[0x64] = 0xFF;
  initialize_power_button();
  CHECK(console::written() == "power: no button\n");
  acpi::told().power_event = acpi::PowerEvent{{false, 0xFEA0'0000}, 4, 2};
  paging::fake().can_map = false;
  initialize_power_button();
  CHECK(power_request() == PowerRequest::kNone);
}

TEST_CASE("off by PM1 control: the values of _S5_, all else unchanged") {
  Pc machine;
  acpi::told().power_off_types = acpi::SleepTypes{5, 6};
  acpi::told().fixed_hardware.controls[1] = {0x704};
  machine.ports[kControl] = 0x1C03;
  machine.ports[0x704] = 0;
  CHECK_THROWS_AS(power_off(), FakeMachine::Halted);
  CHECK(machine.writes ==
        Writes{FakeMachine::out16(kControl, 0x3403), FakeMachine::out16(0x704, 0x3800)});
  CHECK(machine.ticks >= 1'000'000'000);
  CHECK(console::written() == "power: this machine can't be switched off, halted\n");
}

TEST_CASE("off by a sleep control register, at a port or in memory") {
  Machine machine;
  acpi::told().power_off_types = acpi::SleepTypes{5, 0};
  acpi::told().sleep_control = acpi::Register{true, 0x600};
  CHECK_THROWS_AS(power_off(), FakeMachine::Halted);
  CHECK(machine.writes == Writes{FakeMachine::out8(0x600, 0x34)});
  machine.writes.clear();
  acpi::told().sleep_control = acpi::Register{false, 0xFEA0'0200};
  machine.windows = {{0xFEA0'0200, 0xFEA0'0203}};
  CHECK_THROWS_AS(power_off(), FakeMachine::Halted);
  CHECK(machine.writes == Writes{FakeMachine::write8(0xFEA0'0200, 0x34)});
  CHECK(paging::fake().mapped.size() == 1);
  machine.writes.clear();
  paging::fake().can_map = false;
  CHECK_THROWS_AS(power_off(), FakeMachine::Halted);
  CHECK(machine.writes.empty());
}

TEST_CASE("without _S5_ or registers the machine says that it halts, at once") {
  Pc machine;
  CHECK_THROWS_AS(power_off(), FakeMachine::Halted);
  CHECK(machine.writes.empty());
  CHECK(machine.ticks < 1'000'000);
  CHECK(console::written() == "power: this machine can't be switched off, halted\n");
}

}  // namespace
}  // namespace mote
