// Memory for devices' rings: carved once, at bring-up, from one static arena.
#pragma once

#include <cstddef>
#include <span>

namespace mote::dma {

// `bytes` zeroed bytes, physically contiguous, aligned to `alignment` (a power of two, at most
// 4096). They belong to the caller for ever. Empty when the arena has not that many left.
[[nodiscard]] std::span<std::byte> allocate(std::size_t bytes, std::size_t alignment);

}  // namespace mote::dma
