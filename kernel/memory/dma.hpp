// Memory for devices' rings, allocated at bring-up from one piece of RAM.
#pragma once

#include <cstddef>
#include <span>

#include "kernel/memory/arena.hpp"

namespace mote::dma {

// Takes a piece of `bytes` bytes from the arena, in place of any piece taken before. Call before
// the rest. False: the arena has no room for it.
[[nodiscard]] bool set_up(Arena& arena, std::size_t bytes);

// The piece.
[[nodiscard]] AddressRange range();

// `bytes` zeroed bytes, physically contiguous, aligned to `alignment` (a power of two, at most
// 4096). The caller owns them for ever, unless it calls `rewind`. Empty if the piece has no room
// left.
[[nodiscard]] std::span<std::byte> allocate(std::size_t bytes, std::size_t alignment);

// How much is allocated, and the way back to that state: for a device whose bring-up failed and
// which can no longer access memory.
[[nodiscard]] std::size_t mark();
void rewind(std::size_t mark);

// For a device that takes the place of one that is gone: `since` returns all that was allocated
// after `mark`; after `use_again`, allocations come from that part, until an empty one is given.
[[nodiscard]] std::span<std::byte> since(std::size_t mark);
void use_again(std::span<std::byte> part);

}  // namespace mote::dma
