// Stands in for kernel/wall_clock and kernel/entropy.
#include "tests/unit/http_fakes.hpp"

#include "kernel/entropy.hpp"
#include "kernel/wall_clock.hpp"

namespace mote {

std::optional<std::uint64_t> wall_clock::now() { return http_world::wall_seconds; }
std::uint64_t entropy::random64() { return http_world::next_random++; }

}  // namespace mote
