// Memory for devices' rings: carved once, at bring-up, from one static arena.
#pragma once

#include <cstddef>
#include <span>

namespace mote::dma {

// `bytes` zeroed bytes, physically contiguous, aligned to `alignment` (a power of two, at most
// 4096). They belong to the caller for ever, but for `rewind`. Empty when the arena has not that
// many left.
[[nodiscard]] std::span<std::byte> allocate(std::size_t bytes, std::size_t alignment);

// How much is given out, and the way back to there: for a device whose bring-up failed, and which
// can no longer reach memory.
[[nodiscard]] std::size_t mark();
void rewind(std::size_t mark);

}  // namespace mote::dma
