// Tests of numbers as text.
#include "kernel/console/number_text.hpp"

#include <doctest/doctest.h>

#include <cstdint>

namespace mote {
namespace {

TEST_CASE("numbers as text") {
  CHECK(NumberText<10>(0).text() == "0");
  CHECK(NumberText<10>(1'234'567'890).text() == "1234567890");
  CHECK(NumberText<10>(~std::uint64_t{0}).text() == "18446744073709551615");
  CHECK(NumberText<16>(0xDEADBEEF).text() == "deadbeef");
  CHECK(NumberText<16>(~std::uint64_t{0}).text() == "ffffffffffffffff");
  CHECK(NumberText<16>(0x1F, 4).text() == "001f");
  CHECK(NumberText<16>(0, 16).text() == "0000000000000000");
  CHECK(NumberText<10>(7, 100).text() == "00000000000000000007");
}

}  // namespace
}  // namespace mote
