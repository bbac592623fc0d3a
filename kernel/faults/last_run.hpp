// Why the last run ended, as far as RAM remembers: over a warm reset, but not without power.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "kernel/faults/run_record.hpp"
#include "kernel/time/clock.hpp"

namespace mote::last_run {

// Reads what the last run left, and marks this one as running. Once, first of all.
void begin();

// Says on the console how the last run ended, and counts it. `by_watchdog`: a watchdog timer says
// that it was it.
void tell(bool by_watchdog);

// Notes that the run has come so far. Cheap: two stores.
void note(Nanoseconds now);

// Notes that the machine is about to end as it was asked to.
void end(RunEnd how);

// Notes a panic: what happened, and where. Later ones in the same run, which the first has caused,
// are left out.
void panicked(std::string_view words, std::uint64_t where);

// For metrics: how the last run ended ("none" if nothing is known of one), and how many ended in
// each way since power-on.
[[nodiscard]] std::string_view how();
[[nodiscard]] const std::array<std::uint32_t, kRunEnds>& ends();
[[nodiscard]] std::string_view name(RunEnd end);

}  // namespace mote::last_run
