// lwIP's heap: blocks of a few fixed sizes, each with a free list. Constant time.
//
// It holds segments without data (small), DHCP messages (medium), frames (large), and datagrams of
// many frames (huge: long echo replies).
// When one size runs out, the next doesn't step in: a flood of small blocks must not use up the
// large ones.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernel/memory/arena.hpp"
#include "netstack/plan.hpp"

namespace mote::netstack::heap {

// Takes the blocks' memory, once, before any other call. False: the arena has too little.
[[nodiscard]] bool set_up(Arena& arena, const Plan& plan);

// A block of at least `bytes`, aligned to 16, or null if there is none.
[[nodiscard]] void* allocate(std::size_t bytes);

// Frees a block. Anything that isn't an allocated block is a bug of ours: panic.
void free(void* memory);

// Blocks of all sizes in use now.
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
