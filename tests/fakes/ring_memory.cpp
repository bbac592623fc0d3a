// Blocks of exact size, so that the sanitizer catches any access outside.
#include "tests/fakes/ring_memory.hpp"

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <vector>

#include "kernel/memory/dma.hpp"
#include "tests/fakes/demand.hpp"

namespace mote {
namespace {

constexpr std::align_val_t kAlignment{4096};

struct Free {
  void operator()(std::byte* memory) const { operator delete(memory, kAlignment); }
};
std::vector<std::unique_ptr<std::byte, Free>> blocks;

}  // namespace

void fakes::free_ring_memory() { blocks.clear(); }

std::span<std::byte> dma::allocate(std::size_t bytes, std::size_t alignment) {
  if (!fakes::ring_memory_left) {
    return {};
  }
  fakes::demand(alignment <= static_cast<std::size_t>(kAlignment), "too wide an alignment");
  auto* const memory = static_cast<std::byte*>(operator new(bytes, kAlignment));
  std::memset(memory, 0, bytes);
  blocks.emplace_back(memory);
  return {memory, bytes};
}

}  // namespace mote
