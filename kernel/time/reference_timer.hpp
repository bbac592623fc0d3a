// Timers of known frequency, against which the time stamp counter is measured.
#pragma once

#include <cstdint>

#include "kernel/cpu/addresses.hpp"

namespace mote {

// ACPI's power management timer (ACPI 6.5, 4.8.3.3): 24 or 32 bits counting up.
class PmTimer {
 public:
  static constexpr std::uint64_t kHertz = 3'579'545;

  explicit PmTimer(IoPort port) : port_(port) {}
  void start() {}
  void stop() {}
  [[nodiscard]] std::uint32_t read() const;

  // Ticks from one reading to another at most 4.6 s later.
  [[nodiscard]] static std::uint32_t between(std::uint32_t early, std::uint32_t late) {
    constexpr std::uint32_t kMask = 0xFF'FFFF;
    return (late - early) & kMask;
  }

 private:
  IoPort port_;
};

// Channel 2 of the 8254 interval timer, 16 bits counting down. The speaker's gate lets it run
// without an interrupt.
class Pit {
 public:
  static constexpr std::uint64_t kHertz = 1'193'182;

  void start();
  void stop();
  [[nodiscard]] std::uint32_t read() const;

  // Ticks from one reading to another at most 54 ms later.
  [[nodiscard]] static std::uint32_t between(std::uint32_t early, std::uint32_t late) {
    constexpr std::uint32_t kMask = 0xFFFF;
    return (early - late) & kMask;
  }

 private:
  std::uint8_t old_gate_ = 0;
};

}  // namespace mote
