// The two 8259As of a PC (Intel 8259A data sheet, 231468), for NICs that have only an interrupt
// pin.
#pragma once

#include <cstdint>

#include "kernel/cpu/port_io.hpp"
#include "kernel/interrupts/vectors.hpp"

namespace mote {

class LegacyPic {
 public:
  // Unmasks a line. False if PCI's pins are never wired to it.
  [[nodiscard]] bool open(std::uint8_t line) {
    constexpr std::uint16_t kForPins = 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 9 |
                                       1 << 10 | 1 << 11 | 1 << 12 | 1 << 14 | 1 << 15;
    constexpr std::uint16_t kCascade = 1 << 2;
    if (line >= 16 || (kForPins >> line & 1) == 0) {
      return false;
    }
    if (open_ == 0) {
      initialize();
    }
    open_ = static_cast<std::uint16_t>(open_ | 1 << line | kCascade);
    // Level-triggered, as shared pins must be (ICH9 data sheet, 13.4.4 "ELCR1" and "ELCR2").
    const IoPort trigger{static_cast<std::uint16_t>(kTrigger + line / 8)};
    port::out8(trigger, static_cast<std::uint8_t>(port::in8(trigger) | 1 << line % 8));
    port::out8({kFirst + 1}, static_cast<std::uint8_t>(~open_));
    port::out8({kSecond + 1}, static_cast<std::uint8_t>(~open_ >> 8));
    return true;
  }

  // Masks all lines.
  void close() {
    if (open_ != 0) {
      port::out8({kFirst + 1}, 0xFF);
      port::out8({kSecond + 1}, 0xFF);
      open_ = 0;
    }
  }

  // Whether an unmasked line is pending.
  [[nodiscard]] bool any_requested() const {
    constexpr std::uint8_t kReadRequests = 0x0A;  // OCW3
    if (open_ == 0) {
      return false;
    }
    port::out8({kFirst}, kReadRequests);
    port::out8({kSecond}, kReadRequests);
    const unsigned requests = port::in8({kFirst}) | unsigned{port::in8({kSecond})} << 8;
    return (requests & open_) != 0;
  }

  // Acknowledges the interrupts in service in either.
  void end_of_interrupt() const {
    constexpr std::uint8_t kEnd = 0x20;  // OCW2: not specific
    if (open_ != 0) {
      port::out8({kSecond}, kEnd);
      port::out8({kFirst}, kEnd);
    }
  }

 private:
  static constexpr std::uint16_t kFirst = 0x20;
  static constexpr std::uint16_t kSecond = 0xA0;
  static constexpr std::uint16_t kTrigger = 0x4D0;

  // ICW1 to ICW4: cascade, vectors, wiring, 8086 mode. Leaves all lines unmasked; the caller masks
  // them.
  static void initialize() {
    port::out8({kFirst}, 0x11);
    port::out8({kSecond}, 0x11);
    port::out8({kFirst + 1}, vector::kLegacy);
    port::out8({kSecond + 1}, vector::kLegacy + 8);
    port::out8({kFirst + 1}, 1 << 2);
    port::out8({kSecond + 1}, 2);
    port::out8({kFirst + 1}, 1);
    port::out8({kSecond + 1}, 1);
  }

  std::uint16_t open_ = 0;  // a bit for each unmasked line
};

}  // namespace mote
