// Replaces kernel/time/wall_clock and kernel/platform/entropy.
#include "tests/unit/http/fakes.hpp"

#include "kernel/platform/entropy.hpp"
#include "kernel/time/wall_clock.hpp"

namespace mote {

std::optional<std::uint64_t> wall_clock::now() { return http_world::wall_seconds; }
std::uint64_t entropy::random64() { return http_world::next_random++; }

}  // namespace mote
