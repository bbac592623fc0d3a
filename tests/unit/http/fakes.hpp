// The HTTP tests' wall clock and random numbers.
#pragma once

#include <cstdint>
#include <optional>

namespace mote::http_world {

// The result of wall_clock::now(); nothing at first.
inline std::optional<std::uint64_t> wall_seconds;

// The next result of entropy::random64(); each is one more than the one before.
inline std::uint64_t next_random = 0x0123'4567'89AB'CDEF;

}  // namespace mote::http_world
