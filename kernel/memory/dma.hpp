// Memory for devices' rings: carved once, at bring-up, from a piece of RAM.
#pragma once

#include <cstddef>
#include <span>

#include "kernel/memory/arena.hpp"

namespace mote::dma {

// Takes the piece, of so many bytes; once, before all else. False: the arena has no room for it.
[[nodiscard]] bool set_up(Arena& arena, std::size_t bytes);

// `bytes` zeroed bytes, physically contiguous, aligned to `alignment` (a power of two, at most
// 4096). They belong to the caller for ever, but for `rewind`. Empty when the piece has not that
// many left.
[[nodiscard]] std::span<std::byte> allocate(std::size_t bytes, std::size_t alignment);

// How much is given out, and the way back to there: for a device whose bring-up failed, and which
// can no longer reach memory.
[[nodiscard]] std::size_t mark();
void rewind(std::size_t mark);

}  // namespace mote::dma
