// lwIP's heap: blocks of a few fixed sizes, each with its list of free ones. Constant time.
//
// It holds headers of segments (small), DHCP messages and what is written to a connection by copy
// (medium, or large if there is much of it), frames (large), and datagrams that span many frames
// (huge: long echo replies). A size that has run out is not served from the next: a flood of small
// blocks may not take the large ones.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernel/memory/arena.hpp"
#include "netstack/plan.hpp"

namespace mote::netstack::heap {

// Takes the blocks' memory, once, before all else. False: the arena has no room for it.
[[nodiscard]] bool set_up(Arena& arena, const Plan& plan);

// A block of at least `bytes`, aligned to 16, or null when there is none.
[[nodiscard]] void* allocate(std::size_t bytes);

// Gives back a block. Anything that isn't an allocated block is a fault of ours: panic.
void free(void* memory);

// Blocks for segments' headers that are left now.
[[nodiscard]] std::size_t segment_headers_left();

// Blocks left for what is written by copy (so much of it at once that a medium one holds it),
// beside those kept for DHCP.
[[nodiscard]] std::size_t text_blocks_left();

// Blocks in use now, of all sizes.
[[nodiscard]] std::size_t used();

// The blocks of one size.
struct Usage {
  std::size_t block_bytes = 0;
  std::size_t blocks = 0;
  std::size_t used = 0;        // now
  std::size_t most_used = 0;   // at once, since the start
  std::uint64_t failures = 0;  // requests that found none left
};

// All sizes, from small to large.
inline constexpr std::size_t kSizes = 4;
[[nodiscard]] std::array<Usage, kSizes> usage();

}  // namespace mote::netstack::heap
