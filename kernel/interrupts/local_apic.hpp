// The CPU's local APIC (Intel SDM 3A, chapter 11): registers in memory or MSRs, and its timer.
#pragma once

#include <cstdint>

#include "kernel/cpu/addresses.hpp"

namespace mote {

class LocalApic {
 public:
  // Finds, enables and calibrates the local APIC. False: there is none, or its timer stands still.
  // Masks the pin to which the 8259As are wired.
  [[nodiscard]] bool start();

  // The same without waiting for the calibration: call `calibrate` from time to time until it says
  // true. Until then the timer can't be started.
  [[nodiscard]] bool begin();
  [[nodiscard]] bool calibrate();

  // Unmasks the 8259As' pin, or masks it again.
  void open_pin() const;
  void close_pin() const;

  // The identifier by which messages address it.
  [[nodiscard]] std::uint32_t identifier() const;

  // Raises one interrupt after the time stamp counter has advanced by `ticks`, unless stopped
  // before.
  void start_timer(std::uint64_t ticks) const;
  void stop_timer() const;

  // Whether this vector's interrupt has been taken but not acknowledged; whether it is pending.
  [[nodiscard]] bool in_service(std::uint8_t vector) const;
  [[nodiscard]] bool is_requested(std::uint8_t vector) const;

  // Acknowledges an interrupt. Harmless if none is in service.
  void end_of_interrupt() const;

 private:
  [[nodiscard]] bool open();
  void begin_measuring();
  [[nodiscard]] bool bit(std::uint32_t first, std::uint8_t vector) const;
  [[nodiscard]] std::uint32_t read(std::uint32_t offset) const;
  void write(std::uint32_t offset, std::uint32_t value) const;

  PhysicalAddress base_;  // zero: x2APIC mode, registers are MSRs
  bool by_deadline_ = false;
  std::uint64_t counts_per_tick_ = 0;  // timer counts per TSC tick, in 1/2^32
  std::uint64_t measured_from_ = 0;    // the TSC then
  std::uint32_t first_count_ = 0;      // the timer then
};

}  // namespace mote
