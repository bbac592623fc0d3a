// Tests of the memory for pools: which RAM is free, how it is allocated, and how many guards fit.
#include "kernel/memory/arena.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

#include "http/limits.hpp"
#include "kernel/limits.hpp"
#include "kernel/memory/memory_map.hpp"
#include "kernel/memory/ram_share.hpp"

namespace mote {
namespace {

constexpr std::uint64_t kKib = 1024;
constexpr std::uint64_t kMib = 1024 * kKib;
constexpr std::uint64_t kGib = 1024 * kMib;
constexpr std::uint32_t kRam = MemoryRange::kUsableRam;
constexpr std::uint32_t kReserved = 2;

// The pages that an arena gives, one by one, until nothing is left.
std::vector<std::uint64_t> pages_of(Arena arena) {
  std::vector<std::uint64_t> pages;
  while (const std::uint64_t page = arena.take_bytes(4096, 4096)) {
    pages.push_back(page);
  }
  return pages;
}

Arena arena_of(const std::vector<MemoryRange>& map, const std::vector<AddressRange>& taken) {
  return Arena(MemoryMap(map), taken);
}

TEST_CASE("free are whole pages of RAM that are mapped and not taken") {
  const std::vector<MemoryRange> map = {
      {0, 6 * 4096, kRam, 0}, {16 * 4096, 4096, kReserved, 0}, {20 * 4096, 10 * 4096, kRam, 0}};
  const std::vector<AddressRange> taken = {{22 * 4096, 24 * 4096 + 1}, {29 * 4096 - 1, 29 * 4096}};
  std::vector<std::uint64_t> wanted;
  for (const std::uint64_t page : {20, 21, 25, 26, 27, 29, 1, 2, 3, 4, 5}) {
    wanted.push_back(page * 4096);
  }
  std::vector<std::uint64_t> found = pages_of(arena_of(map, taken));
  CHECK(arena_of(map, taken).bytes_left() == wanted.size() * 4096);
  std::ranges::sort(found);
  std::ranges::sort(wanted);
  CHECK(found == wanted);
}

TEST_CASE("overlapping ranges count once, and as reserved where any of them says so") {
  const std::vector<MemoryRange> map = {{1 * kMib, 2 * kMib, kRam, 0},
                                        {2 * kMib, 2 * kMib, kRam, 0},
                                        {0, 16 * kMib, kRam, 0},
                                        {3 * kMib, 64 * kKib, kReserved, 0},
                                        {15 * kMib, ~std::uint64_t{0}, kReserved, 0}};
  std::vector<std::uint64_t> pages = pages_of(arena_of(map, {}));
  CHECK(pages.size() == (15 * kMib - 64 * kKib) / 4096 - 1);
  std::ranges::sort(pages);
  CHECK(std::ranges::adjacent_find(pages) == pages.end());
  for (const std::uint64_t page : pages) {
    CHECK_FALSE((page >= 3 * kMib && page < 3 * kMib + 64 * kKib));
    CHECK(page + 4096 <= 15 * kMib);
  }
}

TEST_CASE("parts of pages and unmapped memory aren't free") {
  const std::vector<MemoryRange> map = {{4096 + 1, 2 * 4096, kRam, 0},
                                        {4 * kGib - 4096, 2 * 4096, kRam, 0},
                                        {5 * kGib, kGib, kRam, 0},
                                        {~std::uint64_t{0} - 10, 4096, kRam, 0}};
  CHECK(pages_of(arena_of(map, {})) == std::vector{2 * std::uint64_t{4096}, 4 * kGib - 4096});
}

TEST_CASE("a piece comes from the smallest range that holds it, aligned") {
  Arena arena = arena_of({{kMib, 64 * kKib, kRam, 0}, {4 * kMib, kMib, kRam, 0}}, {});
  const Arena before = arena;
  CHECK(arena.take_bytes(100, 16) == kMib);
  CHECK(arena.take_bytes(100, 64) == kMib + 128);
  CHECK(arena.take_bytes(60 * kKib, 4096) == kMib + 4096);
  CHECK(arena.take_bytes(1, 1) == 4 * kMib);
  CHECK(arena.take_bytes(kMib, 1) == 0);
  CHECK(arena.take_bytes(~std::uint64_t{0}, 4096) == 0);
  CHECK(arena.take_bytes(kMib - 1, 1) == 4 * kMib + 1);
  CHECK(arena.take_bytes(1, 1) == 0);
  CHECK(arena.bytes_left() == 0);
  CHECK(before.bytes_left() == kMib + 64 * kKib);
}

TEST_CASE("guarded pieces have an unused page in front, and end at a page's end") {
  Arena arena = arena_of({{kMib, 64 * kKib, kRam, 0}, {4 * kMib, kMib, kRam, 0}}, {});
  CHECK(arena.take_bytes(4096, 4096) == kMib);
  arena.guard_pieces();
  CHECK(arena.take_bytes(100, 16) == kMib + 3 * 4096 - 112);
  CHECK(arena.take_bytes(4096, 4096) == kMib + 4 * 4096);
  CHECK(arena.take_bytes(4097, 1) == kMib + 8 * 4096 - 4097);
  CHECK(arena.take_bytes(7 * 4096, 4096) == kMib + 9 * 4096);
  CHECK(arena.take_bytes(1, 1) == 4 * kMib + 2 * 4096 - 1);  // no room for a guard in front
  CHECK(arena.take_bytes(4096, 64 * kKib) == 4 * kMib + 64 * kKib);
  CHECK(arena.take_bytes(kMib, 1) == 0);
  const std::vector<std::uint64_t> wanted = {kMib + 4096,     kMib + 3 * 4096, kMib + 5 * 4096,
                                             kMib + 8 * 4096, 4 * kMib,        4 * kMib + 2 * 4096};
  CHECK(std::ranges::equal(arena.guards(), wanted));
}

TEST_CASE("an arena whose list of guards is full gives nothing") {
  Arena arena = arena_of({{kMib, kMib, kRam, 0}}, {});
  arena.guard_pieces();
  std::size_t pieces = 0;
  while (arena.take_bytes(1, 1) != 0) {
    ++pieces;
  }
  CHECK(pieces == arena.guards().size());
  CHECK(pieces == 32);
}

TEST_CASE("an upper bound for the page tables that guards need") {
  constexpr std::uint64_t kLarge = 2 * kMib;
  const auto parts = [](const std::vector<MemoryRange>& map) {
    return arena_of(map, {}).guarded_parts(kLarge, kLarge);
  };
  CHECK(parts({{0, 640 * kKib, kRam, 0}, {kMib, kMib, kRam, 0}}) == 0);
  CHECK(parts({{0, 640 * kKib, kRam, 0}, {kMib, 2 * kMib, kRam, 0}}) == 1);
  CHECK(parts({{2 * kMib, 4 * kMib, kRam, 0}}) == 2);
  CHECK(parts({{3 * kMib, 4 * kMib, kRam, 0}}) == 3);
  CHECK(parts({{kMib, kGib, kRam, 0}}) == 32);
}

TEST_CASE("an arena touches none of what it gives") {
  alignas(4096) static std::array<std::uint64_t, 1024> memory;
  memory.fill(7);
  const std::uint64_t start = physical(memory.data()).value;
  Arena arena(AddressRange{start, start + sizeof(memory)});
  const std::span<std::uint64_t> taken = arena.take<std::uint64_t>(1024);
  CHECK(taken.data() == memory.data());
  CHECK(taken.size() == 1024);
  CHECK(std::ranges::all_of(memory, [](std::uint64_t word) { return word == 7; }));
  CHECK(arena.take<std::uint64_t>(1).empty());
}

}  // namespace
}  // namespace mote
