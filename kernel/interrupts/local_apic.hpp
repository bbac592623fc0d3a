// The CPU's local APIC (Intel SDM 3A, chapter 11): registers in memory or MSRs, and its timer.
#pragma once

#include <cstdint>

#include "kernel/cpu/addresses.hpp"

namespace mote {

class LocalApic {
 public:
  // Finds it, enables it, and measures its timer. False: there is none, or its timer stands still.
  // Nothing reaches the CPU by its pin for 8259As any more.
  [[nodiscard]] bool start();

  // Lets the 8259As' interrupts in again.
  void open_pin() const;

  // As messages name it.
  [[nodiscard]] std::uint32_t identifier() const;

  // One interrupt after the time stamp counter has run on by `ticks`, unless it is stopped before.
  void start_timer(std::uint64_t ticks) const;
  void stop_timer() const;

  // Whether the interrupt of this vector was taken and not acknowledged, and whether it waits.
  [[nodiscard]] bool in_service(std::uint8_t vector) const;
  [[nodiscard]] bool is_requested(std::uint8_t vector) const;

  // Acknowledges an interrupt. Does nothing if there is none to acknowledge.
  void end_of_interrupt() const;

 private:
  [[nodiscard]] bool open();
  [[nodiscard]] bool measure_timer();
  [[nodiscard]] bool bit(std::uint32_t first, std::uint8_t vector) const;
  [[nodiscard]] std::uint32_t read(std::uint32_t offset) const;
  void write(std::uint32_t offset, std::uint32_t value) const;

  PhysicalAddress base_;  // zero: x2APIC mode, registers are MSRs
  bool by_deadline_ = false;
  std::uint64_t counts_per_tick_ = 0;  // of the timer, for each of the counter's, in 1/2^32
};

}  // namespace mote
