// What the HTTP tests have in place of the wall clock and of chance.
#pragma once

#include <cstdint>
#include <optional>

namespace mote::http_world {

// What wall_clock::now() says; nothing at the start.
inline std::optional<std::uint64_t> wall_seconds;

// What entropy::random64() says next; each is one more than the one before.
inline std::uint64_t next_random = 0x0123'4567'89AB'CDEF;

}  // namespace mote::http_world
