// The server's end: it stops accepting, and lets what it is delivering end.
#pragma once

#include <cstddef>

namespace mote::http {

struct Undrained {
  std::size_t responses = 0;    // in delivery, or to requests that have begun
  std::size_t connections = 0;  // theirs, and those that have just been used
};

// Stops listening, closes idle connections, and makes each further response its connection's last.
// Returns what is left. Call it again until that is nothing, or time is up.
//
// A connection used within the last half second isn't idle: its peer may be about to send the next
// request, and had better be told by its response to go elsewhere than by a close that crosses it.
[[nodiscard]] Undrained drain();

// Resets connections with a request or a response under way, and closes the others.
void cut_off();

}  // namespace mote::http
