// Printing a fault, then halting or resetting.
#include "kernel/faults/panic.hpp"

#include <array>

#include "kernel/console/console.hpp"
#include "kernel/cpu/addresses.hpp"
#include "kernel/cpu/cpu.hpp"
#include "kernel/faults/backtrace.hpp"
#include "kernel/faults/last_run.hpp"
#include "kernel/memory/image.hpp"
#include "kernel/platform/reset.hpp"

namespace mote {
namespace {

using console::Hex;

[[gnu::section(".bss.sealed")]] constinit PanicPolicy policy = PanicPolicy::kReset;
constinit unsigned depth = 0;

constexpr std::uint64_t kPageFault = 14;

// Intel SDM 3A, table 6-1.
constexpr std::array<std::string_view, 22> kExceptions = {
    "divide error",
    "debug exception",
    "NMI",
    "breakpoint",
    "overflow",
    "bound range exceeded",
    "invalid opcode",
    "device not available",
    "double fault",
    "coprocessor segment overrun",
    "invalid TSS",
    "segment not present",
    "stack-segment fault",
    "general protection",
    "page fault",
    "reserved exception",
    "x87 error",
    "alignment check",
    "machine check",
    "SIMD error",
    "virtualization exception",
    "control protection",
};

constexpr Hex address(std::uint64_t value) { return {value, 16}; }

void print_callers(std::uint64_t frame_pointer) {
  constexpr std::size_t kMost = 16;
  constexpr std::size_t kInLine = 4;  // 80 columns
  const AddressRange stack{physical(__stack_bottom).value, physical(__stack_top).value};
  const AddressRange text{physical(__text_start).value, physical(__text_end).value};
  std::array<std::uint64_t, kMost> callers;
  const std::size_t count = walk_frames(frame_pointer, stack, text, callers);
  for (std::size_t i = 0; i < count; ++i) {
    const bool first = i % kInLine == 0;
    const bool last = i % kInLine == kInLine - 1 || i + 1 == count;
    console::print(first ? "callers" : "", " ", address(callers[i]), last ? "\n" : "");
  }
}

bool is_guard(std::uint64_t at) {
  return AddressRange{physical(__stack_guard).value, physical(__stack_bottom).value}.contains(at,
                                                                                              1);
}

struct Register {
  std::array<char, 3> name;
  std::uint64_t TrapFrame::* value;
};

constexpr std::array<Register, 18> kRegisters = {{
    {{'r', 'i', 'p'}, &TrapFrame::rip},
    {{'r', 's', 'p'}, &TrapFrame::rsp},
    {{'r', 'f', 'l'}, &TrapFrame::rflags},
    {{'r', 'a', 'x'}, &TrapFrame::rax},
    {{'r', 'b', 'x'}, &TrapFrame::rbx},
    {{'r', 'c', 'x'}, &TrapFrame::rcx},
    {{'r', 'd', 'x'}, &TrapFrame::rdx},
    {{'r', 's', 'i'}, &TrapFrame::rsi},
    {{'r', 'd', 'i'}, &TrapFrame::rdi},
    {{'r', 'b', 'p'}, &TrapFrame::rbp},
    {{'r', '8', ' '}, &TrapFrame::r8},
    {{'r', '9', ' '}, &TrapFrame::r9},
    {{'r', '1', '0'}, &TrapFrame::r10},
    {{'r', '1', '1'}, &TrapFrame::r11},
    {{'r', '1', '2'}, &TrapFrame::r12},
    {{'r', '1', '3'}, &TrapFrame::r13},
    {{'r', '1', '4'}, &TrapFrame::r14},
    {{'r', '1', '5'}, &TrapFrame::r15},
}};

void print_registers(const TrapFrame& frame) {
  constexpr unsigned kInLine = 3;  // 80 columns
  unsigned column = 0;
  for (const Register& shown : kRegisters) {
    ++column;
    const std::string_view name(shown.name.data(), shown.name.size());
    console::print(name, " ", address(frame.*shown.value), column < kInLine ? "  " : "\n");
    column %= kInLine;
  }
}

[[noreturn]] void stop() {
  if (policy == PanicPolicy::kHalt) {
    cpu::halt();
  }
  reset_machine();
}

[[noreturn]] void end() {
  console::line(policy == PanicPolicy::kHalt ? "halted" : "resetting");
  console::drain();
  stop();
}

// Counts nested panics. A fault while a panic is being printed gets one line; a fault while that
// line is being printed gets none.
bool may_print_all() {
  cpu::disable_interrupts();  // the limit of a turn is none for this
  console::speak();
  ++depth;
  if (depth > 2) {
    stop();
  }
  if (depth == 2) {
    console::line();
    console::line("panic: another fault meanwhile");
  }
  return depth == 1;
}

}  // namespace

void set_panic_policy(PanicPolicy new_policy) { policy = new_policy; }

void panic(std::string_view words) {
  last_run::panicked(words, physical(__builtin_return_address(0)).value);
  if (may_print_all()) {
    console::line("panic: ", words);
    print_callers(physical(__builtin_frame_address(0)).value);
  }
  end();
}

void panic_at(const TrapFrame& frame, std::string_view words) {
  last_run::panicked(words, frame.rip);
  if (may_print_all()) {
    console::line("panic: ", words);
    print_registers(frame);
    print_callers(frame.rbp);
  }
  end();
}

void panic_trap(const TrapFrame* frame) {
  const bool known = frame->vector < kExceptions.size();
  const std::string_view name = known ? kExceptions[frame->vector] : "exception without a name";
  last_run::panicked(name, frame->rip);
  if (may_print_all()) {
    console::print("panic: ", name, ", vector ", frame->vector, ", error ", Hex{frame->error_code});
    if (frame->vector == kPageFault) {
      const std::uint64_t at = cpu::fault_address();
      console::print(", address ", address(at), is_guard(at) ? ", stack overflow" : "");
    }
    console::line();
    print_registers(*frame);
    print_callers(frame->rbp);
  }
  end();
}

}  // namespace mote
