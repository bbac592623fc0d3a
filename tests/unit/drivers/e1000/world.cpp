// What the e1000 driver takes from the kernel, for tests.
#include "tests/unit/drivers/e1000/world.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <vector>

#include "kernel/memory/dma.hpp"
#include "kernel/time/clock.hpp"

// Time passes by being looked at.
namespace mote::clock {
namespace {
Nanoseconds time;
}
Nanoseconds now() { return time = time + microseconds(100); }
void wait(Nanoseconds more) { time = time + more; }
}  // namespace mote::clock

// Memory for rings, each piece of exactly its size, so that the sanitizer sees every step outside.
namespace mote::dma {
std::span<std::byte> allocate(std::size_t bytes, std::size_t alignment) {
  struct Free {
    void operator()(std::byte* memory) const { operator delete(memory, std::align_val_t{4096}); }
  };
  static std::vector<std::unique_ptr<std::byte, Free>> pieces;
  if (!e1000::World::memory_left) {
    return {};
  }
  REQUIRE(alignment <= 4096);
  auto* const memory = static_cast<std::byte*>(operator new(bytes, std::align_val_t{4096}));
  std::memset(memory, 0, bytes);
  pieces.emplace_back(memory);
  return {memory, bytes};
}
}  // namespace mote::dma
