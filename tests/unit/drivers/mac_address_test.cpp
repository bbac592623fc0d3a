// Tests of station addresses: their text, and which can be a station's.
#include "drivers/mac_address.hpp"

#include <doctest/doctest.h>

namespace mote {
namespace {

TEST_CASE("an address is six octets in hexadecimal, with colons between") {
  static_assert(MacText(MacAddress{{0x52, 0x54, 0x00, 0xAB, 0x0C, 0xD0}}).text() ==
                "52:54:00:ab:0c:d0");
  CHECK(MacText(MacAddress{}).text() == "00:00:00:00:00:00");
  CHECK(MacText(MacAddress{{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}}).text() == "ff:ff:ff:ff:ff:ff");
}

TEST_CASE("a group's address and none at all are no station's") {
  CHECK(MacAddress{{0x52, 0x54, 0, 0, 0, 0}}.is_station());
  CHECK(MacAddress{{0, 0, 0, 0, 0, 1}}.is_station());
  CHECK_FALSE(MacAddress{}.is_station());
  CHECK_FALSE(MacAddress{{0x01, 0x00, 0x5E, 0, 0, 1}}.is_station());
  CHECK_FALSE(MacAddress{{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}}.is_station());
}

TEST_CASE("two addresses are equal when every octet is") {
  constexpr MacAddress kOne{{1, 2, 3, 4, 5, 6}};
  CHECK(kOne == MacAddress{{1, 2, 3, 4, 5, 6}});
  for (std::size_t i = 0; i < 6; ++i) {
    MacAddress other = kOne;
    other.octets[i] ^= 0x80;
    CHECK_FALSE(kOne == other);
  }
}

}  // namespace
}  // namespace mote
