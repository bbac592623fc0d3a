// Fakes of the kernel's services that the driver uses.
#include <doctest/doctest.h>

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <vector>

#include "kernel/memory/dma.hpp"
#include "kernel/platform/entropy.hpp"

namespace mote::entropy {
std::uint64_t random64() { return 0x1234'5678'9ABC'DEF1; }
}  // namespace mote::entropy

// Memory for rings, in blocks of exact size, so that the sanitizer catches any access outside.
namespace mote::dma {
std::span<std::byte> allocate(std::size_t bytes, std::size_t alignment) {
  struct Free {
    void operator()(std::byte* memory) const { operator delete(memory, std::align_val_t{4096}); }
  };
  static std::vector<std::unique_ptr<std::byte, Free>> pieces;
  REQUIRE(alignment <= 4096);
  auto* const memory = static_cast<std::byte*>(operator new(bytes, std::align_val_t{4096}));
  std::memset(memory, 0, bytes);
  pieces.emplace_back(memory);
  return {memory, bytes};
}
}  // namespace mote::dma
