// Joins the limit of a turn to the local APIC's timer.
#include "kernel/faults/turn_limit.hpp"

#include "kernel/console/console.hpp"
#include "kernel/faults/panic.hpp"
#include "kernel/interrupts/interrupts.hpp"

namespace mote::turn_limit {
namespace {

constinit TurnLimit limit{};
constinit const std::uint64_t* counted = nullptr;  // null: not started

}  // namespace

void start(const std::uint64_t& turns) {
  limit = {};
  counted = interrupts::prepare_limit() ? &turns : nullptr;
  if (counted == nullptr) {
    console::line("watchdog: no local APIC, a turn of the loop has no limit");
  }
}

void look(Nanoseconds now) {
  if (counted != nullptr && limit.is_due(now)) {
    interrupts::set_limit(clock::ticks_in(TurnLimit::kAhead));
  }
}

// boot/traps.asm calls this when the timer runs out, unless it was a doze's.
extern "C" void turn_timer(const TrapFrame* frame) {
  if (interrupts::take_limit() && limit.has_run_out(*counted)) {
    panic_at(*frame, "a turn of the loop lasted over 5 s");
  }
}

}  // namespace mote::turn_limit
