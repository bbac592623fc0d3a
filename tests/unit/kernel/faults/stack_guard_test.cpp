// Tests of the stack protector's value, and of the panic after a smashed stack.
#include "kernel/faults/stack_guard.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "kernel/faults/panic.hpp"

// Names that the compiler dictates.
extern "C" std::uint64_t __stack_chk_guard;
extern "C" void __stack_chk_fail();

namespace mote {

void panic(std::string_view words) { throw std::string(words); }

namespace {

TEST_CASE("the guard is random, but its lowest byte is a zero, which no string can contain") {
  stack_guard::choose(0x1122'3344'5566'7788);
  CHECK(__stack_chk_guard == 0x1122'3344'5566'7700);
}

TEST_CASE("a smashed stack is a panic") {
  CHECK_THROWS_WITH_AS(__stack_chk_fail(), "stack smashed", std::string);
}

}  // namespace
}  // namespace mote
