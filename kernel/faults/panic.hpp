// Panics: what Mote prints when it can't go on, and whether it then resets or halts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mote {

// The stack as a trap stub leaves it, from low to high addresses: general registers, vector and
// error code (0 where the CPU gives none), and what the CPU itself pushed (Intel SDM 3A, 6.14.2).
// boot/traps.asm mirrors this layout.
struct TrapFrame {
  std::uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
  std::uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
  std::uint64_t vector, error_code;
  std::uint64_t rip, cs, rflags, rsp, ss;
};
static_assert(sizeof(TrapFrame) == 22 * 8);
static_assert(offsetof(TrapFrame, rbp) == 64 && offsetof(TrapFrame, vector) == 120);
static_assert(offsetof(TrapFrame, rip) == 136);

enum class PanicPolicy : std::uint8_t {
  kReset,  // print, then reset the machine (the default)
  kHalt,   // print, then stop for good, so that the console can be read
};
void set_panic_policy(PanicPolicy policy);

// Prints the words and the callers' addresses, then resets or halts by policy. Only for conditions
// that a bug of Mote's own can cause, never for anything the network or a device sends.
[[noreturn]] void panic(std::string_view words);

// The same for what an interrupt has found at fault: with the registers and callers of its place.
[[noreturn]] void panic_at(const TrapFrame& frame, std::string_view words);

// Prints the exception, the registers and the callers' addresses, then resets or halts by policy.
// The trap stubs call it.
extern "C" [[noreturn]] void panic_trap(const TrapFrame* frame);

}  // namespace mote
