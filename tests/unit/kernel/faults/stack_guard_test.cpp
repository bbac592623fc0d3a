// Tests of the stack protector's value, and of what becomes of a smashed stack.
#include "kernel/faults/stack_guard.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "kernel/faults/panic.hpp"

// The compiler's names.
extern "C" std::uint64_t __stack_chk_guard;
extern "C" void __stack_chk_fail();

namespace mote {

void panic(std::string_view words) { throw std::string(words); }

namespace {

TEST_CASE("the guard is random, but for a zero at its lowest address that no text can hold") {
  stack_guard::choose(0x1122'3344'5566'7788);
  CHECK(__stack_chk_guard == 0x1122'3344'5566'7700);
}

TEST_CASE("a smashed stack is the end") {
  CHECK_THROWS_WITH_AS(__stack_chk_fail(), "stack smashed", std::string);
}

}  // namespace
}  // namespace mote
