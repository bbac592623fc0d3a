// The guard's value, and the panic when a function finds it changed. The compiler dictates the
// names.
#include "kernel/faults/stack_guard.hpp"

#include "kernel/faults/panic.hpp"

extern "C" {

// Becomes read-only along with the page tables, at the end of boot.
[[gnu::section(".bss.sealed")]] constinit std::uint64_t __stack_chk_guard = 0;

[[noreturn]] void __stack_chk_fail() { mote::panic("stack smashed"); }

}  // extern "C"

namespace mote::stack_guard {

// The lowest byte is zero, so that a string that overruns its array can't contain the whole guard.
void choose(std::uint64_t random) {
  constexpr std::uint64_t kLowest = 0xFF;
  __stack_chk_guard = random & ~kLowest;
}

}  // namespace mote::stack_guard
