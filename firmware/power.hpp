// The machine's end, for whoever wants it: the power button, a guest agent.
#pragma once

#include <string_view>

#include "firmware/shutdown.hpp"
#include "kernel/time/clock.hpp"

namespace mote::power {

// How long responses in delivery may take to end. Before the first look.
void initialize(Nanoseconds drain_time);

// Has the machine end in this way once responses in delivery have ended, as if its button had been
// pressed; returns at once. The console says `why`, which must live on: "agent asks for shutdown".
void request(PowerAction action, std::string_view why);

// Looks at the button, and goes on with the end. Returns how long until the next look.
[[nodiscard]] Nanoseconds look(Nanoseconds now);

}  // namespace mote::power
