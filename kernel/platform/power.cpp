// Power: polls the button, and enters S5 (ACPI 6.5, 4.8.2 and 7.4.2).
//
// No interrupt is taken: the SCI stays masked where it arrives. But a press is shown only if the
// button's bit in the PM1 enable register is set and the machine is in ACPI mode.
#include "kernel/platform/power.hpp"

#include <array>
#include <cstddef>
#include <optional>

#include "kernel/acpi/acpi.hpp"
#include "kernel/console/console.hpp"
#include "kernel/cpu/addresses.hpp"
#include "kernel/cpu/cpu.hpp"
#include "kernel/cpu/mmio.hpp"
#include "kernel/cpu/port_io.hpp"
#include "kernel/memory/paging.hpp"
#include "kernel/time/clock.hpp"
#include "kernel/time/patience.hpp"

namespace mote {
namespace {

constexpr std::uint16_t kButtonBit = 1 << 8;  // PWRBTN_STS and PWRBTN_EN (4.8.3.1)
constexpr std::uint16_t kNoAnswer = 0xFFFF;   // reserved bits are 0
constexpr std::uint16_t kAcpiMode = 1 << 0;   // SCI_EN (4.8.3.2.1)
constexpr std::uint16_t kSleepTypeMask = 7 << 10;
constexpr unsigned kSleepTypeShift = 10;
constexpr std::uint16_t kSleepEnable = 1 << 13;
constexpr unsigned kSleepControlTypeShift = 2;  // 4.8.3.7
constexpr std::uint8_t kSleepControlEnable = 1 << 5;

// An 8042 keyboard controller (IBM PS/2 technical reference).
constexpr IoPort kKeyboardStatus{0x64};
constexpr IoPort kKeyboardData{0x60};
constexpr std::uint8_t kOutputFull = 0x01;
constexpr std::uint8_t kNoController = 0xFF;
constexpr unsigned kKeyboardBytes = 16;  // read in one call; Firecracker's buffer

// Ctrl, Alt and Del pressed, in scan code set 2, as Firecracker's SendCtrlAltDel types them.
constexpr std::array<std::uint8_t, 4> kCtrlAltDel{0x14, 0x11, 0xE0, 0x71};

constexpr Nanoseconds kModeTime = milliseconds(300);    // for firmware to change the mode
constexpr Nanoseconds kSleepTime = milliseconds(1000);  // for the machine to go off

enum class Kind : std::uint8_t { kNone, kFixed, kEvent, kKeyboard };

struct Button {
  Kind kind = Kind::kNone;
  acpi::PowerEvent event{};
};
[[gnu::section(".bss.sealed")]] constinit Button button{};

constinit std::size_t keys_seen = 0;  // of kCtrlAltDel

bool is_in_acpi_mode(const acpi::FixedHardware& fixed) {
  return (port::in16(fixed.controls[0]) & kAcpiMode) != 0;
}

void enter_acpi_mode(const acpi::FixedHardware& fixed) {
  if (!acpi::exists(fixed.smi_command) || !acpi::exists(fixed.controls[0]) ||
      is_in_acpi_mode(fixed)) {
    return;
  }
  port::out8(fixed.smi_command, fixed.acpi_enable);
  Patience patience(kModeTime);
  while (!is_in_acpi_mode(fixed)) {
    if (patience.is_over()) {
      console::line("power: the firmware doesn't hand over the button");
      return;
    }
    cpu::pause();
  }
}

void arm(const acpi::FixedHardware& fixed) {
  enter_acpi_mode(fixed);
  for (std::size_t block = 0; block < acpi::kPm1Blocks; ++block) {
    if (acpi::exists(fixed.statuses[block])) {
      port::out16(fixed.statuses[block], kButtonBit);  // written as one, a bit is cleared
      port::out16(fixed.enables[block], kButtonBit);
    }
  }
}

bool has_pressed_fixed() {
  bool pressed = false;
  for (const IoPort status : acpi::fixed_hardware().statuses) {
    const std::uint16_t bits = acpi::exists(status) ? port::in16(status) : std::uint16_t{0};
    if (bits != kNoAnswer && (bits & kButtonBit) != 0) {
      port::out16(status, kButtonBit);
      pressed = true;
    }
  }
  return pressed;
}

// The events since the last look; none if all bits are set, because then no register answers.
std::uint32_t read_event(const acpi::PowerEvent& event) {
  const IoPort port{static_cast<std::uint16_t>(event.where.address)};
  const PhysicalAddress address{event.where.address};
  if (event.bytes == 1) {
    const std::uint8_t bits = event.where.is_io ? port::in8(port) : mmio::read8(address);
    return bits != 0xFF ? bits : 0;
  }
  const std::uint32_t bits = event.where.is_io ? port::in32(port) : mmio::read32(address);
  return bits != 0xFFFF'FFFF ? bits : 0;
}

bool has_typed_ctrl_alt_del() {
  for (unsigned i = 0; i < kKeyboardBytes; ++i) {
    if ((port::in8(kKeyboardStatus) & kOutputFull) == 0) {
      return false;
    }
    const std::uint8_t key = port::in8(kKeyboardData);
    keys_seen = key == kCtrlAltDel[keys_seen] ? keys_seen + 1 : (key == kCtrlAltDel[0] ? 1 : 0);
    if (keys_seen == kCtrlAltDel.size()) {
      keys_seen = 0;
      return true;
    }
  }
  return false;
}

void sleep_by_control_register(const acpi::Register& control, std::uint8_t type) {
  const auto value =
      static_cast<std::uint8_t>(type << kSleepControlTypeShift | kSleepControlEnable);
  if (control.is_io) {
    port::out8({static_cast<std::uint16_t>(control.address)}, value);
  } else if (paging::map_device({control.address}, 1)) {
    mmio::write8({control.address}, value);
  }
}

void sleep_by_fixed_hardware(const acpi::FixedHardware& fixed, const acpi::SleepTypes& types) {
  const std::array<std::uint8_t, acpi::kPm1Blocks> type{types.a, types.b};
  for (std::size_t block = 0; block < acpi::kPm1Blocks; ++block) {
    const IoPort control = fixed.controls[block];
    if (acpi::exists(control)) {
      const auto others = port::in16(control) & ~(kSleepTypeMask | kSleepEnable);
      const auto value = others | type[block] << kSleepTypeShift | kSleepEnable;
      port::out16(control, static_cast<std::uint16_t>(value));
    }
  }
}

}  // namespace

void initialize_power_button() {
  button = {};
  const acpi::FixedHardware& fixed = acpi::fixed_hardware();
  if (fixed.has_power_button && acpi::exists(fixed.statuses[0])) {
    button.kind = Kind::kFixed;
    arm(fixed);
    return;
  }
  // Only a hardware-reduced machine has events in this form.
  const auto event = acpi::sleep_control() ? acpi::power_event() : std::nullopt;
  if (event && (event->where.is_io || paging::map_device({event->where.address}, event->bytes))) {
    button = {Kind::kEvent, *event};
    static_cast<void>(read_event(*event));
    return;
  }
  if (port::in8(kKeyboardStatus) != kNoController) {
    button.kind = Kind::kKeyboard;
    return;
  }
  console::line("power: no button");
}

PowerRequest power_request() {
  switch (button.kind) {
    case Kind::kFixed:
      return has_pressed_fixed() ? PowerRequest::kOff : PowerRequest::kNone;
    case Kind::kEvent:
      return (read_event(button.event) & button.event.mask) != 0 ? PowerRequest::kOff
                                                                 : PowerRequest::kNone;
    case Kind::kKeyboard:
      return has_typed_ctrl_alt_del() ? PowerRequest::kReset : PowerRequest::kNone;
    case Kind::kNone:
      break;
  }
  return PowerRequest::kNone;
}

void power_off() {
  if (const auto types = acpi::power_off_types()) {
    if (const auto control = acpi::sleep_control()) {
      sleep_by_control_register(*control, types->a);
    } else {
      sleep_by_fixed_hardware(acpi::fixed_hardware(), *types);
    }
    Patience patience(kSleepTime);
    while (!patience.is_over()) {
      cpu::pause();
    }
  }
  console::line("power: this machine can't be switched off, halted");
  console::drain();
  cpu::halt();
}

}  // namespace mote
