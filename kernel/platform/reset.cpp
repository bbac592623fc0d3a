// The ways to reset a PC, best first.
#include "kernel/platform/reset.hpp"

#include <cstdint>
#include <optional>

#include "kernel/acpi/acpi.hpp"
#include "kernel/cpu/addresses.hpp"
#include "kernel/cpu/instructions.hpp"
#include "kernel/cpu/mmio.hpp"
#include "kernel/cpu/port_io.hpp"
#include "kernel/memory/paging.hpp"
#include "kernel/time/clock.hpp"
#include "kernel/time/patience.hpp"

namespace mote {
namespace {

// Intel's reset control register (ICH9 data sheet, 13.7.5).
constexpr IoPort kResetControl{0xCF9};
constexpr std::uint8_t kHardReset = 0x02;
constexpr std::uint8_t kResetNow = 0x04;

constexpr IoPort kKeyboardStatus{0x64};  // read
constexpr IoPort kKeyboardCommand{0x64};
constexpr std::uint8_t kInputFull = 0x02;
constexpr std::uint8_t kPulseResetLine = 0xFE;

constexpr Nanoseconds kSettleTime = milliseconds(10);
constexpr Nanoseconds kKeyboardTime = milliseconds(10);

// Waits for a reset to take effect.
void settle() {
  Patience patience(kSettleTime);
  while (!patience.is_over()) {
    cpu::pause();
  }
}

void reset_by_acpi() {
  const std::optional<acpi::ResetRegister> reset = acpi::reset_register();
  if (!reset) {
    return;
  }
  if (reset->where.is_io) {
    port::out8({static_cast<std::uint16_t>(reset->where.address)}, reset->value);
  } else if (paging::map_device({reset->where.address}, 1)) {
    mmio::write8({reset->where.address}, reset->value);
  }
  settle();
}

void reset_by_chipset() {
  port::out8(kResetControl, kHardReset);
  port::out8(kResetControl, kHardReset | kResetNow);
  settle();
}

void reset_by_keyboard_controller() {
  Patience patience(kKeyboardTime);
  while ((port::in8(kKeyboardStatus) & kInputFull) != 0 && !patience.is_over()) {
  }
  port::out8(kKeyboardCommand, kPulseResetLine);
  settle();
}

}  // namespace

void reset_machine() {
  reset_by_acpi();
  reset_by_chipset();
  reset_by_keyboard_controller();
  cpu::triple_fault();
}

}  // namespace mote
