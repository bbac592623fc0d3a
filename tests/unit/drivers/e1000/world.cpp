// Fakes of the kernel's services that the e1000 driver uses.
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

// Each look at the clock takes time.
namespace mote::clock {
namespace {
Nanoseconds time;
}
Nanoseconds now() { return time = time + microseconds(100); }
void wait(Nanoseconds more) { time = time + more; }
}  // namespace mote::clock

// Memory for rings, in blocks of exact size, so that the sanitizer catches any access outside.
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
