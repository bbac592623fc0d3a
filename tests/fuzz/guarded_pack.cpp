// The pack's copy, in pages of its own.
#include "tests/fuzz/guarded_pack.hpp"

#include <sys/mman.h>

#include <cstring>

#include "tests/fakes/demand.hpp"

extern "C" const std::byte fuzz_pack[];
extern "C" const std::byte fuzz_pack_end[];

namespace mote::fuzz {
namespace {

constexpr std::size_t kPage = 4096;

std::span<const std::byte> copy() {
  static const std::span<const std::byte> made = [] {
    const auto pack = built_pack();
    demand(pack.size() % kPage == 0, "a pack is whole pages");
    void* const memory = mmap(nullptr, pack.size() + 2 * kPage, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    demand(memory != MAP_FAILED, "memory for the pack");
    std::byte* const start = static_cast<std::byte*>(memory);
    std::memcpy(start + kPage, pack.data(), pack.size());
    demand(mprotect(start, kPage, PROT_NONE) == 0 &&
               mprotect(start + kPage, pack.size(), PROT_READ) == 0 &&
               mprotect(start + kPage + pack.size(), kPage, PROT_NONE) == 0,
           "protection of the pack");
    return std::span<const std::byte>(start + kPage, pack.size());
  }();
  return made;
}

}  // namespace

std::span<const std::byte> built_pack() { return {fuzz_pack, fuzz_pack_end}; }

const http::SitePack& guarded_pack() {
  static const http::SitePack opened = [] {
    const auto pack = http::SitePack::open(copy());
    demand(pack.has_value(), "the pack opens");
    return *pack;
  }();
  return opened;
}

bool is_in_pack(std::string_view memory) {
  const auto* const start = reinterpret_cast<const char*>(copy().data());
  return memory.data() >= start && memory.data() + memory.size() <= start + copy().size();
}

}  // namespace mote::fuzz
