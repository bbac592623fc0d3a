// The guard's value, and what becomes of a function that finds another one. The compiler's names.
#include "kernel/faults/stack_guard.hpp"

#include "kernel/faults/panic.hpp"

extern "C" {

// It becomes read-only with the page tables, at the end of boot.
[[gnu::section(".bss.sealed")]] constinit std::uint64_t __stack_chk_guard = 0;

[[noreturn]] void __stack_chk_fail() { mote::panic("stack smashed"); }

}  // extern "C"

namespace mote::stack_guard {

// The byte at the lowest address is zero, so that no text that runs over can hold all of it.
void choose(std::uint64_t random) {
  constexpr std::uint64_t kLowest = 0xFF;
  __stack_chk_guard = random & ~kLowest;
}

}  // namespace mote::stack_guard
