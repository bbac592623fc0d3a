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
  text.add("queue # has ", std::uint16_t{1});
  text.add("# entries", ~std::uint64_t{0});
  CHECK(text.view() == "queue 1 has 18446744073709551615 entries");
  text.clear();
  CHECK(text.empty());
  const std::string almost(Text::kCapacity - 1, 'x');
  text.add(almost);
  text.add("#z", 78);
  CHECK(text.view() == almost + "7");
}

TEST_CASE("numbers take their places in order, and 0 the rest") {
  Text text;
  text.add("#/#/#/#", 1, 22, 333);
  CHECK(text.view() == "1/22/333/0");
}

TEST_CASE("a failure begins with the word for its device, and is the last one") {
  Text text;
  const Failure fail = {text, "virtio-x"};
  CHECK_FALSE(fail("one"));
  CHECK_FALSE(fail("two of #", 2));
  CHECK(text.view() == "virtio-x: two of 2");
}

}  // namespace
}  // namespace mote::virtio
