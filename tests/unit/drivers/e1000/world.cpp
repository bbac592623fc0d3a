// Fakes of the kernel's services that the e1000 driver uses.
#include "kernel/time/clock.hpp"

// Each look at the clock takes time.
namespace mote::clock {
namespace {
Nanoseconds time;
}
Nanoseconds now() { return time = time + microseconds(100); }
void wait(Nanoseconds more) { time = time + more; }
}  // namespace mote::clock
