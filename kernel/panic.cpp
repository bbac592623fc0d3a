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
constexpr std::array<std::string_view, 32> kExceptions = {
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
    "reserved exception",
    "reserved exception",
    "reserved exception",
    "reserved exception",
    "reserved exception",
    "reserved exception",
    "hypervisor injection",
    "VMM communication",
    "security exception",
    "reserved exception",
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

void print_registers(const TrapFrame& frame) {
  struct Register {
    std::string_view name;
    std::uint64_t value;
  };
  const std::array<Register, 18> registers = {{{"rip", frame.rip},
                                               {"rsp", frame.rsp},
                                               {"rfl", frame.rflags},
                                               {"rax", frame.rax},
                                               {"rbx", frame.rbx},
                                               {"rcx", frame.rcx},
                                               {"rdx", frame.rdx},
                                               {"rsi", frame.rsi},
                                               {"rdi", frame.rdi},
                                               {"rbp", frame.rbp},
                                               {"r8 ", frame.r8},
                                               {"r9 ", frame.r9},
                                               {"r10", frame.r10},
                                               {"r11", frame.r11},
                                               {"r12", frame.r12},
                                               {"r13", frame.r13},
                                               {"r14", frame.r14},
                                               {"r15", frame.r15}}};
  constexpr unsigned kInLine = 3;  // 80 columns
  for (unsigned i = 0; i < registers.size(); ++i) {
    const bool last = i % kInLine == kInLine - 1;
    console::print(registers[i].name, " ", address(registers[i].value), last ? "\n" : "  ");
  }
}

[[noreturn]] void end() {
  const bool halting = policy == PanicPolicy::kHalt;
  console::line(halting ? "halted" : "resetting");
  console::drain();
  if (halting) {
    cpu::halt();
  }
  reset_machine();
}

// Counts how deep in panics we are. A fault while a panic is printed gets one line; one while
// that line is printed gets nothing.
bool may_print_all() {
  ++depth;
  if (depth > 2) {
    reset_machine();
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
    console::print("panic: ", known ? kExceptions[frame->vector] : "unexpected interrupt",
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
