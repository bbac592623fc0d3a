// Interrupts, for one purpose: to end a doze.
//
// They are off whenever the run loop runs, and no work is ever done in one. What comes during a
// doze ends at a stub in boot/traps.asm, which returns with interrupts off; it is acknowledged by
// whoever dozed. So a source that goes on and on costs one wake-up a doze, not more.
#pragma once

#include <cstdint>
#include <optional>

namespace mote::interrupts {

// What a device writes to raise an interrupt (PCI Local Bus 3.0, 6.8; Intel SDM 3A, 11.11).
struct Message {
  std::uint64_t address = 0;
  std::uint32_t data = 0;
};

// Makes this CPU's local APIC and its timer ready, which takes less than a millisecond. False:
// there is none that works, and nobody can doze. Not called by machines that always poll.
[[nodiscard]] bool start();

// What devices are to write. None unless `start` has worked: interrupts are then left alone.
[[nodiscard]] std::optional<Message> message();

// Lets line `line` of the 8259As through, level-triggered, as PCI's are. False: there is no such
// line, it is not for devices on a bus, or `start` has not worked.
[[nodiscard]] bool use_line(std::uint8_t line);

// Shuts all of them again.
void close_lines();

// Lets an interrupt of an I/O APIC through, by its number; it must not be one of PCI's, and its
// device raises it high. False: it isn't there, or `start` has not worked.
[[nodiscard]] bool use_wire(std::uint32_t interrupt);

// Halts the CPU until an interrupt comes, one that waits already among them, or until the time
// stamp counter has run on by `ticks`. Says whether it was another one than the timer's. It is
// acknowledged by `acknowledge`, when devices that go on raising theirs have been told.
[[nodiscard]] bool doze(std::uint64_t ticks);
void acknowledge();

// Whether a device's interrupt waits that was not taken.
[[nodiscard]] bool device_waits();

}  // namespace mote::interrupts
