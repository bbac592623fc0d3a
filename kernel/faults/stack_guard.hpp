// The stack protector's guard: what the compiler lays between a function's arrays and its return
// address, and compares when the function returns (Clang, -fstack-protector-strong).
#pragma once

#include <cstdint>

namespace mote::stack_guard {

// Gives the guard its value for this boot. Whoever is called from a function that stands on the
// stack meanwhile, and is protected, would be found smashed when it returns: so it is for a caller
// that never does, and is not protected itself.
void choose(std::uint64_t random);

}  // namespace mote::stack_guard
