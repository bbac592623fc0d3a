// Tests of the short texts that drivers compose for the console.
#include "drivers/virtio/text.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

namespace mote::virtio {
namespace {

TEST_CASE("texts and numbers follow each other, and the excess is cut off") {
  Text text;
  CHECK(text.empty());
  text.add("queue ", std::uint16_t{1}, " has ", ~std::uint64_t{0}, " entries");
  CHECK(text.view() == "queue 1 has 18446744073709551615 entries");
  text.clear();
  CHECK(text.empty());
  const std::string almost(Text::kCapacity - 1, 'x');
  text.add(almost, "yz", 7U);
  CHECK(text.view() == almost + "y");
}

}  // namespace
}  // namespace mote::virtio
