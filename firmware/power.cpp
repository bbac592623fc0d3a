// Joins the machine's end (firmware/shutdown.hpp) to the machine.
#include "firmware/power.hpp"

#include <optional>

#include "firmware/nics.hpp"
#include "firmware/watchdog.hpp"
#include "http/connection/drain.hpp"
#include "kernel/console/console.hpp"
#include "kernel/cpu/cpu.hpp"
#include "kernel/faults/last_run.hpp"
#include "kernel/platform/power.hpp"
#include "kernel/platform/reset.hpp"
#include "kernel/time/patience.hpp"

namespace mote::power {
namespace {

// For the access log's last lines to leave by the serial port.
constexpr Nanoseconds kLogTime = milliseconds(500);

void flush_log() {
  Patience patience(kLogTime);
  while (console::has_logged() && !patience.is_over()) {
    console::send_logged();
  }
}

struct Machine {
  static PowerRequest asked() { return power_request(); }
  static http::Undrained drain() { return http::drain(); }
  static void cut_off() { http::cut_off(); }
  static bool has_sent() { return nics::has_sent(); }
  [[noreturn]] static void perform(PowerAction action) {
    flush_log();
    {
      const console::Fact fact;
      console::line(action == PowerAction::kOff     ? "power: off"
                    : action == PowerAction::kReset ? "power: reset"
                                                    : "power: halted");
    }
    console::drain();
    last_run::end(action == PowerAction::kOff     ? RunEnd::kOff
                  : action == PowerAction::kReset ? RunEnd::kReset
                                                  : RunEnd::kHalt);
    if (action != PowerAction::kReset) {
      watchdog::stop();
    }
    switch (action) {
      case PowerAction::kOff:
        power_off();
      case PowerAction::kReset:
        reset_machine();
      case PowerAction::kHalt:
        break;
    }
    cpu::halt();
  }
};

constinit Machine machine;
constinit std::optional<Shutdown<Machine>> shutdown;

}  // namespace

void initialize(Nanoseconds drain_time) { shutdown.emplace(machine, drain_time); }

void request(PowerAction action, std::string_view why) { shutdown->request(action, why); }

Nanoseconds look(Nanoseconds now) { return shutdown->look(now); }

}  // namespace mote::power
