// Tests of address ranges, up to the ends of the address space.
#include "kernel/cpu/addresses.hpp"

#include <doctest/doctest.h>

#include <cstdint>

namespace mote {
namespace {

TEST_CASE("ranges that touch, up to the ends of the address space") {
  constexpr AddressRange kRange{0x1000, 0x3000};
  constexpr std::uint64_t kAll = ~std::uint64_t{0};
  CHECK(kRange.touches(0x1000, 1));
  CHECK(kRange.touches(0x2FFF, kAll));
  CHECK(kRange.touches(0, 0x1001));
  CHECK(kRange.touches(0, kAll));
  CHECK_FALSE(kRange.touches(0, 0x1000));
  CHECK_FALSE(kRange.touches(0x3000, kAll));
  CHECK_FALSE(kRange.touches(0x2000, 0));
  CHECK_FALSE(AddressRange{}.touches(0, kAll));
}

}  // namespace
}  // namespace mote
