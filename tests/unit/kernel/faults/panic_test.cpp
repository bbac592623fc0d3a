// Tests of a fault's output, and of faults during that output.
//
// The nesting of panics is counted for the whole program, so the cases are one story, in their
// order.
#include "kernel/faults/panic.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "kernel/cpu/addresses.hpp"
#include "kernel/memory/image.hpp"
#include "kernel/platform/reset.hpp"
#include "tests/unit/fake_console.hpp"
#include "tests/unit/machine/machine.hpp"

namespace mote {

namespace {
struct Reset {};
int drained = 0;
}  // namespace

void reset_machine() { throw Reset{}; }
namespace console {
void drain() { ++drained; }
}  // namespace console

namespace {

std::uint64_t stack_at(std::uint64_t offset) { return physical(__stack_bottom).value + offset; }

// Two frames on the stack: the inner one's caller, and that caller's.
void push_frames() {
  const auto put = [](std::uint64_t offset, std::uint64_t value) {
    *reinterpret_cast<std::uint64_t*>(stack_at(offset)) = value;
  };
  put(0x100, stack_at(0x200));
  put(0x108, 0x10'0123);
  put(0x200, 0);
  put(0x208, 0x10'0456);
}

std::string hex(std::uint64_t value) {
  std::string text(16, '0');
  for (std::size_t i = 0; i < 16; ++i) {
    text[15 - i] = "0123456789abcdef"[value >> 4 * i & 15];
  }
  return text;
}

TEST_CASE("a fault prints its name, every register and its callers, then resets") {
  FakeMachine machine;
  console::written().clear();
  push_frames();
  machine.fault_address = stack_at(0) - 8;  // in the guard
  TrapFrame frame{};
  frame.vector = 14;
  frame.error_code = 2;
  frame.rip = 0x10'0789;
  frame.rsp = stack_at(0x80);
  frame.rflags = 0x46;
  frame.rax = 1;
  frame.r8 = 0x88;
  frame.r15 = 0x15;
  frame.rbp = stack_at(0x100);
  CHECK_THROWS_AS(panic_trap(&frame), Reset);
  const std::string zero = hex(0);
  CHECK(console::written() ==
        "panic: page fault, vector 14, error 2, address " + hex(stack_at(0) - 8) +
            ", stack overflow\n"
            "rip " +
            hex(0x10'0789) + "  rsp " + hex(stack_at(0x80)) + "  rfl " + hex(0x46) +
            "\n"
            "rax " +
            hex(1) + "  rbx " + zero + "  rcx " + zero +
            "\n"
            "rdx " +
            zero + "  rsi " + zero + "  rdi " + zero +
            "\n"
            "rbp " +
            hex(stack_at(0x100)) + "  r8  " + hex(0x88) + "  r9  " + zero +
            "\n"
            "r10 " +
            zero + "  r11 " + zero + "  r12 " + zero +
            "\n"
            "r13 " +
            zero + "  r14 " + zero + "  r15 " + hex(0x15) +
            "\n"
            "callers " +
            hex(0x10'0123) + " " + hex(0x10'0456) +
            "\n"
            "resetting\n");
  CHECK(drained == 1);
}

TEST_CASE("a second fault during the output gets one line, and the policy still applies") {
  console::written().clear();
  set_panic_policy(PanicPolicy::kHalt);
  CHECK_THROWS_AS(panic("of this nothing is said"), FakeMachine::Halted);
  CHECK(console::written() == "\npanic: another fault meanwhile\nhalted\n");
  CHECK(drained == 2);
}

TEST_CASE("a third fault prints nothing, as the console may be its cause") {
  console::written().clear();
  TrapFrame frame{};
  CHECK_THROWS_AS(panic_trap(&frame), FakeMachine::Halted);
  CHECK(console::written().empty());
  CHECK(drained == 2);
}

}  // namespace
}  // namespace mote
