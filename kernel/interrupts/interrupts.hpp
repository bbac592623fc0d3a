// Interrupts, for two purposes: to end a doze, and to end a turn that never ends by itself.
//
// While the run loop runs, all are held back but the limit's timer, which is set so far ahead that
// it runs out only if something is wrong. An interrupt during a doze ends at a stub in
// boot/traps.asm, which returns with interrupts off; the caller of `doze` acknowledges it. So a
// source that never stops raising costs one wake-up per doze and no more.
#pragma once

#include <cstdint>
#include <optional>

namespace mote::interrupts {

// The write by which a device raises an interrupt (PCI Local Bus 3.0, 6.8; Intel SDM 3A, 11.11).
struct Message {
  std::uint64_t address = 0;
  std::uint32_t data = 0;
};

// Prepares this CPU's local APIC and its timer, in less than a millisecond. False: there is none
// that works, and dozing is impossible. Not called on machines that always poll.
[[nodiscard]] bool start();

// The message devices should write. None unless `start` succeeded: leave interrupts alone then.
[[nodiscard]] std::optional<Message> message();

// Unmasks line `line` of the 8259As, level-triggered, as PCI's are. False: there is no such line,
// it isn't for devices on a bus, or `start` has not succeeded.
[[nodiscard]] bool use_line(std::uint8_t line);

// Masks all lines again.
void close_lines();

// Unmasks an interrupt of an I/O APIC by its number. It must not be one of PCI's, and its device
// must raise it high. False: there is no such interrupt, or `start` has not succeeded.
[[nodiscard]] bool use_wire(std::uint32_t interrupt);

// Halts the CPU until an interrupt arrives (one already pending counts) or the time stamp counter
// has advanced by `ticks`. Returns whether anything but the timer ended the doze. Call
// `acknowledge` afterwards, once devices that keep raising their interrupts have been told to stop.
[[nodiscard]] bool doze(std::uint64_t ticks);
void acknowledge();

// Prepares the limit of a turn (kernel/faults/turn_limit.hpp). False: there is no local APIC. Once,
// after `start` if that is called at all.
[[nodiscard]] bool prepare_limit();

// Lets the limit's interrupt come when the time stamp counter has advanced by `ticks`, unless this
// is called again before. Dozes don't count. The first calls may only measure the timer. Costs an
// exit to the hypervisor, or two.
void set_limit(std::uint64_t ticks);

// Acknowledges the limit's interrupt, and sets it anew. False: it was a doze's that came late.
[[nodiscard]] bool take_limit();

// Whether a device's interrupt is pending that was not taken.
[[nodiscard]] bool device_waits();

}  // namespace mote::interrupts
