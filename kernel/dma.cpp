// The DMA arena: a pointer that moves up.
#include "kernel/dma.hpp"

#include <array>

#include "kernel/limits.hpp"
#include "kernel/memory.hpp"

namespace mote::dma {
namespace {

constexpr std::size_t kMostAlignment = 4096;

alignas(kMostAlignment) constinit std::array<std::byte, limits::kDmaArenaBytes> arena{};
constinit std::size_t used = 0;

}  // namespace

std::span<std::byte> allocate(std::size_t bytes, std::size_t alignment) {
  const std::size_t start = (used + alignment - 1) & ~(alignment - 1);
  if (start > arena.size() || bytes > arena.size() - start) {
    return {};
  }
  used = start + bytes;
  const std::span<std::byte> taken = std::span(arena).subspan(start, bytes);
  memory::fill(taken.data(), 0, taken.size());  // it may have been somebody's before
  return taken;
}

std::size_t mark() { return used; }

void rewind(std::size_t mark) { used = mark; }

}  // namespace mote::dma
