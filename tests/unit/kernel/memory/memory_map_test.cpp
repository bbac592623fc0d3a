// Tests of the memory map: one from SeaBIOS, and nonsense.
#include "kernel/memory/memory_map.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <span>

namespace mote {
namespace {

constexpr std::uint32_t kRam = MemoryRange::kUsableRam;
constexpr std::uint32_t kReserved = 2;

// SeaBIOS's map of QEMU's pc with 8 MiB, with the upper RAM cut in two.
constexpr std::array kPc = {
    MemoryRange{0x0070'0000, 0x000E'0000, kRam, 0}, MemoryRange{0, 0x9FC00, kRam, 0},
    MemoryRange{0x9FC00, 0x400, kReserved, 0},      MemoryRange{0xF0000, 0x10000, kReserved, 0},
    MemoryRange{0x10'0000, 0x60'0000, kRam, 0},     MemoryRange{0x7E'0000, 0x2'0000, kReserved, 0},
};

TEST_CASE("the memory map says how much there is, and how far it goes") {
  constexpr MemoryMap map{std::span(kPc)};
  static_assert(map.known());
  CHECK(map.usable_mib() == 8);
  CHECK(map.end_below_4_gib() == 0x7E'0000);
  CHECK(map.usable_from(0x10'0000, 0x6E'0000) == 0x6E'0000);
  CHECK(map.usable_from(0x6F'F000, 0x2000) == 0x2000);
  CHECK(map.usable_from(0x10'0000, 0x6E'1000) == 0x6E'0000);
  CHECK(map.usable_from(0x9F000, 0x1000) == 0xC00);
  CHECK(map.usable_from(0xF0000, 0x1000) == 0);
  CHECK(map.usable_from(0xF0000, 0) == 0);
  CHECK(map.usable_from(0x7D'F000, ~std::uint64_t{0}) == 0x1000);
}

TEST_CASE("nonsense in the memory map is not believed") {
  constexpr std::array kOdd = {MemoryRange{0, 0, kRam, 0},
                               MemoryRange{0x1000, ~std::uint64_t{0}, kRam, 0},
                               MemoryRange{std::uint64_t{1} << 32, 1 << 30, kRam, 0}};
  const MemoryMap map{std::span(kOdd)};
  CHECK(map.usable_mib() == 1024);
  CHECK(map.usable_from(0x1000, 0x1000) == 0);
  CHECK(map.end_below_4_gib() == 0);
  CHECK_FALSE(MemoryMap(std::span<const MemoryRange>()).known());
}

}  // namespace
}  // namespace mote
