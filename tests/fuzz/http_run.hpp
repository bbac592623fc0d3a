// The server as the connection fuzzer runs it: on fake streams, with a pack between guard
// pages.
#pragma once

#include "tests/fakes/fake_stream.hpp"

namespace mote::fuzz {

using fakes::fail_writes;
using fakes::pass_ticks;
using fakes::Peer;

// Begins a run: starts the server if it isn't running, and resets the clock, failures, counters and
// known requests. With the access log on, no request becomes known.
void begin_run(unsigned interface, bool logs);

// Checks that the server has released everything.
void end_run();

// Acknowledges and retries until nothing more comes. Lets time pass when text has to wait until
// another connection gives way.
void take_all(Peer& peer);

void pass_seconds(unsigned seconds);

}  // namespace mote::fuzz
