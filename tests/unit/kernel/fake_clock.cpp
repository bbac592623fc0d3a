// A clock for tests with a FakeMachine, whose counter runs at 1 GHz: a tick is a nanosecond.
#include "kernel/cpu/instructions.hpp"
#include "kernel/time/clock.hpp"

namespace mote::clock {

Nanoseconds now() { return {cpu::time_stamp()}; }
std::uint64_t ticks_in(Nanoseconds time) { return time.value; }
void wait(Nanoseconds time) { cpu::machine().ticks += time.value; }

}  // namespace mote::clock
