// The server's end: it stops accepting, and lets what it is delivering end.
#pragma once

#include <cstddef>

namespace mote::http {

// Stops listening, closes idle connections, and makes each further response its connection's last.
// Returns how many connections still have a request or a response under way. Call it again until
// that is none, or time is up: a connection may become idle at any time.
[[nodiscard]] std::size_t drain();

// Resets all connections.
void cut_off();

}  // namespace mote::http
