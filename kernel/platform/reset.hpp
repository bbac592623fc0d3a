// Resetting the machine.
#pragma once

namespace mote {

// Tries, until one works: ACPI's reset register, port CF9h, the keyboard controller, and a triple
// fault, which no machine survives.
[[noreturn]] void reset_machine();

}  // namespace mote
