// The stack protector's guard: a word that the compiler places between a function's arrays and its
// return address, and compares when the function returns (Clang, -fstack-protector-strong).
#pragma once

#include <cstdint>

namespace mote::stack_guard {

// Gives the guard its value for this boot. A protected function that is running meanwhile would
// find its guard changed when it returns, so only call this from one that never returns and isn't
// protected.
void choose(std::uint64_t random);

}  // namespace mote::stack_guard
