// Tests of the rings' memory: aligned, zeroed, and taken back from a device that failed.
#include "kernel/memory/dma.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernel/cpu/addresses.hpp"

namespace mote::dma {
namespace {

constexpr std::size_t kBytes = 3 * 4096;

bool is_zero(std::span<const std::byte> memory) {
  return std::ranges::all_of(memory, [](std::byte byte) { return byte == std::byte{0}; });
}

TEST_CASE("before set_up nothing can be allocated") {
  CHECK(allocate(1, 1).empty());
  std::vector<std::byte> little(4096);
  const std::uint64_t start = physical(little.data()).value;
  Arena arena(AddressRange{start, start + little.size()});
  CHECK_FALSE(set_up(arena, 3 * 4096));
}

TEST_CASE("pieces follow each other, aligned and zeroed, until there is no room") {
  static std::vector<std::byte> memory(kBytes + 4096, std::byte{0xA5});
  const std::uint64_t start = physical(memory.data()).value;
  Arena arena(AddressRange{start, start + memory.size()});
  REQUIRE(set_up(arena, kBytes));
  const auto first = allocate(10, 2);
  const auto second = allocate(100, 64);
  const auto third = allocate(4096, 4096);
  REQUIRE((first.size() == 10 && second.size() == 100 && third.size() == 4096));
  CHECK(physical(first.data()).value % 4096 == 0);
  CHECK(second.data() == first.data() + 64);
  CHECK(third.data() == first.data() + 4096);
  CHECK((is_zero(first) && is_zero(second) && is_zero(third)));
  CHECK(allocate(4097, 1).empty());
  CHECK(allocate(~std::size_t{0}, 1).empty());
  CHECK(allocate(4096, 1).size() == 4096);
  CHECK(allocate(1, 1).empty());
}

TEST_CASE("a failed device's memory is allocated again, zeroed") {
  rewind(4096);
  const std::size_t before = mark();
  const auto taken = allocate(256, 16);
  std::ranges::fill(taken, std::byte{0x5A});
  rewind(before);
  const auto again = allocate(256, 16);
  CHECK(again.data() == taken.data());
  CHECK(is_zero(again));
}

TEST_CASE("a part used again is all there is, even when it is used up") {
  rewind(0);
  const auto part = allocate(256, 16);
  const std::size_t before = mark();
  use_again(part);
  CHECK(allocate(200, 16).data() == part.data());
  CHECK(allocate(100, 1).empty());
  CHECK(allocate(56, 1).size() == 56);
  CHECK(allocate(1, 1).empty());
  CHECK(mark() == before);
  use_again({});
  CHECK(allocate(1, 1).data() == part.data() + 256);
}

}  // namespace
}  // namespace mote::dma
