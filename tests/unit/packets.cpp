// The packet pool of a test program, as large as it is where RAM is ample.
#include <cstdlib>

#include "kernel/limits.hpp"
#include "kernel/memory/packet.hpp"
#include "tests/unit/ample_arena.hpp"

namespace mote {
namespace {

const bool is_set_up = Packet::set_up(ample_arena(), limits::kPackets) || (std::abort(), false);

}  // namespace
}  // namespace mote
