// The rings' memory: a pointer that moves up.
#include "kernel/memory/dma.hpp"

#include "kernel/memory/memory.hpp"

namespace mote::dma {
namespace {

constexpr std::size_t kMostAlignment = 4096;

[[gnu::section(".bss.sealed")]] constinit std::span<std::byte> all{};
constinit std::size_t used = 0;
constinit std::span<std::byte> again{};  // what is left of a part used again

std::span<std::byte> take(std::span<std::byte>& from, std::size_t bytes, std::size_t alignment) {
  const std::size_t skipped = -reinterpret_cast<std::uintptr_t>(from.data()) & (alignment - 1);
  if (skipped > from.size() || bytes > from.size() - skipped) {
    return {};
  }
  const std::span<std::byte> taken = from.subspan(skipped, bytes);
  from = from.subspan(skipped + bytes);
  return taken;
}

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
  std::span<std::byte> rest = all.subspan(used);
  const std::span<std::byte> taken = take(again.data() == nullptr ? rest : again, bytes, alignment);
  used = all.size() - rest.size();
  memory::fill(taken.data(), 0, taken.size());  // it may have been used before
  return taken;
}

std::size_t mark() { return used; }

void rewind(std::size_t mark) { used = mark; }

std::span<std::byte> since(std::size_t mark) { return all.subspan(mark, used - mark); }

void use_again(std::span<std::byte> part) { again = part; }

}  // namespace mote::dma
