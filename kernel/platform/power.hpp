// The power button, and switching the machine off.
#pragma once

#include <cstdint>

namespace mote {

// A request from outside: by the power button, or by Ctrl+Alt+Del.
enum class PowerRequest : std::uint8_t { kNone, kOff, kReset };

// Finds the machine's button, forgets presses from before, and has presses shown from now on. Once,
// after ACPI, before `paging::seal`. Without a button, says so on the console.
void initialize_power_button();

// Whether it has been pressed since the last call. Reads one register, or two if the machine has
// two. A machine without a button but with a keyboard controller is asked to reset by Ctrl+Alt+Del.
[[nodiscard]] PowerRequest power_request();

// Switches the machine off (ACPI's S5), as the tables say. What they want run before that (_PTS)
// isn't. If the machine stays on, says so and halts.
[[noreturn]] void power_off();

}  // namespace mote
