// The server as the connection fuzzer runs it: on fake streams, with a pack between guard pages.
#pragma once

#include "tests/fakes/fake_stream.hpp"

namespace mote::fuzz {

using fakes::fail_writes;
using fakes::pass_ticks;
using fakes::Peer;

// The server, started once; puts clock, failures, counters and known requests of a run to their
// start. With the access log no request is known.
void begin_run(unsigned interface, bool logs);

// Proves that the server holds nothing any more.
void end_run();

// Acknowledges and retries until nothing more comes. Text may have to wait until another gives way.
void take_all(Peer& peer);

void pass_seconds(unsigned seconds);

}  // namespace mote::fuzz
