// Printing a fault, and the end.
#include "kernel/panic.hpp"

#include <array>

#include "kernel/console.hpp"
#include "kernel/cpu.hpp"
#include "kernel/image.hpp"
#include "kernel/reset.hpp"
#include "kernel/types.hpp"

namespace mote {
namespace {

using console::Hex;

constinit PanicPolicy policy = PanicPolicy::kReset;
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

// A frame as -fno-omit-frame-pointer builds it.
struct CallFrame {
  const CallFrame* caller;
  std::uint64_t return_address;
};

// True for a whole frame on the kernel's stack: what lies elsewhere is not read.
bool is_on_stack(const CallFrame* frame) {
  const auto at = reinterpret_cast<std::uintptr_t>(frame);
  return at % alignof(CallFrame) == 0 && at >= physical(__stack_bottom).value &&
         at <= physical(__stack_top).value - sizeof(CallFrame);
}

bool is_in_text(std::uint64_t at) {
  return at >= physical(__text_start).value && at < physical(__text_end).value;
}

void print_callers(const CallFrame* frame) {
  constexpr unsigned kMost = 32;
  for (unsigned i = 0; i < kMost && is_on_stack(frame) && is_in_text(frame->return_address); ++i) {
    console::line("called from ", address(frame->return_address));
    if (frame->caller <= frame) {  // callers lie higher; else the chain is broken
      break;
    }
    frame = frame->caller;
  }
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

// Counts how deep in panics we are. A fault while a panic is printed gets one line; one while
// that line is printed gets nothing.
bool may_print_all() {
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
  if (may_print_all()) {
    console::line("panic: ", words);
    print_callers(static_cast<const CallFrame*>(__builtin_frame_address(0)));
  }
  end();
}

void panic_trap(const TrapFrame* frame) {
  if (may_print_all()) {
    const bool known = frame->vector < kExceptions.size();
    console::print("panic: ", known ? kExceptions[frame->vector] : "exception without a name",
                   ", vector ", frame->vector, ", error ", Hex{frame->error_code});
    if (frame->vector == kPageFault) {
      console::print(", address ", address(cpu::fault_address()));
    }
    console::line();
    print_registers(*frame);
    print_callers(reinterpret_cast<const CallFrame*>(frame->rbp));
  }
  end();
}

}  // namespace mote
