// Tests of a panic with words, and of exceptions without a name. In a program of their own, because
// a second panic in one program counts as a fault within the first.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <string>

#include "kernel/faults/panic.hpp"
#include "kernel/platform/reset.hpp"
#include "tests/unit/fake_console.hpp"
#include "tests/unit/machine/machine.hpp"

namespace mote {

void reset_machine() { throw FakeMachine::Halted{}; }
namespace console {
void drain() {}
}  // namespace console

namespace {

std::string first_line(const std::function<void()>& fault) {
  console::written().clear();
  CHECK_THROWS_AS(fault(), FakeMachine::Halted);
  return console::written().substr(0, console::written().find('\n'));
}

// Runs each fault in a child process and checks what it prints.
bool prints(std::uint64_t vector, const std::string& wanted) {
  const pid_t child = fork();
  if (child == 0) {
    TrapFrame frame{};
    frame.vector = vector;
    _exit(first_line([&] { panic_trap(&frame); }) == wanted ? 0 : 1);
  }
  int status = 0;
  return waitpid(child, &status, 0) == child && status == 0;
}

TEST_CASE("exceptions have the names of Intel's SDM 3A, table 6-1") {
  FakeMachine machine;
  CHECK(prints(0, "panic: divide error, vector 0, error 0"));
  CHECK(prints(6, "panic: invalid opcode, vector 6, error 0"));
  CHECK(prints(8, "panic: double fault, vector 8, error 0"));
  CHECK(prints(13, "panic: general protection, vector 13, error 0"));
  CHECK(prints(14, "panic: page fault, vector 14, error 0, address 0000000000000000"));
  CHECK(prints(21, "panic: control protection, vector 21, error 0"));
  CHECK(prints(22, "panic: exception without a name, vector 22, error 0"));
  CHECK(prints(255, "panic: exception without a name, vector 255, error 0"));
}

TEST_CASE("words come with the callers, if the stack can be followed") {
  FakeMachine machine;
  CHECK(first_line([] { panic("a pool is empty"); }) == "panic: a pool is empty");
  CHECK(console::written() == "panic: a pool is empty\nresetting\n");  // runs on the host's stack
}

}  // namespace
}  // namespace mote
