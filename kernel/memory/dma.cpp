// The rings' memory: a pointer that moves up.
#include "kernel/memory/dma.hpp"

#include "kernel/memory/memory.hpp"

namespace mote::dma {
namespace {

constexpr std::size_t kMostAlignment = 4096;

[[gnu::section(".bss.sealed")]] constinit std::span<std::byte> all{};
constinit std::size_t used = 0;

}  // namespace

bool set_up(Arena& arena, std::size_t bytes) {
  all = arena.take<std::byte>(bytes, kMostAlignment);
  used = 0;
  return all.size() == bytes;
}

AddressRange range() {
  const std::uint64_t begin = physical(all.data()).value;
  return {begin, begin + all.size()};
}

std::span<std::byte> allocate(std::size_t bytes, std::size_t alignment) {
  const std::size_t start = (used + alignment - 1) & ~(alignment - 1);
  if (start > all.size() || bytes > all.size() - start) {
    return {};
  }
  used = start + bytes;
  const std::span<std::byte> taken = all.subspan(start, bytes);
  memory::fill(taken.data(), 0, taken.size());  // it may have been used before
  return taken;
}

std::size_t mark() { return used; }

void rewind(std::size_t mark) { used = mark; }

}  // namespace mote::dma
