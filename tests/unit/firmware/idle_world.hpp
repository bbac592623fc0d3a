// The idle path's surroundings: a word that a device may write, and NICs that can be armed.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "firmware/idle.hpp"
#include "tests/unit/fake_console.hpp"
#include "tests/unit/kernel/fake_interrupts.hpp"
#include "tests/unit/machine/machine.hpp"

namespace mote::idle {

// The NICs as the idle path sees them.
struct Nics {
  bool can_wake = true;
  int armed = 0;
  int disarmed = 0;
  void (*on_arm)() = nullptr;
};
inline Nics nic_state;

// Work that a test makes appear; there is none at its beginning.
inline std::uint32_t work = 0;

// A machine whose counter runs at 1 GHz, with one watched word.
struct World : FakeMachine {
  Watch watch;

  World() {
    interrupts::fake() = {};
    nic_state = {};
    work = 0;
    watch.add({.word = &work, .mask = 0xFFFF'FFFF, .quiet = 0});
    console::written().clear();
  }

  [[nodiscard]] Nanoseconds now() const { return {ticks}; }

  // Waits for `time` after a while without work; `ends` ends the doze.
  Woken doze(bool (*ends)(), Nanoseconds time = milliseconds(100)) {
    interrupts::fake().on_doze = ends;
    work = 0;
    ticks += 10'000'000;
    return wait(watch, now() + time, {0});
  }
  static std::string said() { return std::exchange(console::written(), {}); }
};

}  // namespace mote::idle
