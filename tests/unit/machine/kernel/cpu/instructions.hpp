// Replaces kernel/cpu/instructions.hpp: the CPU of the test's machine.
#pragma once

#include <bit>
#include <cstdint>
#include <cstdlib>

#include "tests/unit/machine/machine.hpp"

namespace mote::cpu {

struct Cpuid {
  std::uint32_t eax, ebx, ecx, edx;
};

// Aborts without a machine: a test must make one before it uses the CPU.
[[nodiscard]] inline FakeMachine& machine() {
  if (FakeMachine::current() == nullptr) {
    std::abort();
  }
  return *FakeMachine::current();
}

[[nodiscard]] inline Cpuid cpuid(std::uint32_t leaf, std::uint32_t subleaf = 0) {
  return std::bit_cast<Cpuid>(machine().cpuid(leaf, subleaf));
}

[[nodiscard]] inline std::uint64_t time_stamp() {
  FakeMachine* const machine = FakeMachine::current();
  if (machine == nullptr) {
    return __builtin_ia32_rdtsc();
  }
  if (machine->on_look) {
    machine->on_look();
  }
  return machine->ticks += machine->ticks_a_look;
}
inline void pause() {
  if (FakeMachine* const machine = FakeMachine::current()) {
    machine->ticks += machine->ticks_a_pause;
  }
}

[[nodiscard]] inline std::uint64_t fault_address() { return machine().fault_address; }
[[nodiscard]] inline std::uint64_t page_table_root() { return machine().page_table_root; }
inline void set_page_table_root(std::uint64_t value) { machine().page_table_root = value; }
inline void set_write_protect(bool on) { machine().write_protect = on; }

[[nodiscard]] inline std::uint64_t read_msr(std::uint32_t number) {
  return machine().read_msr(number);
}
inline void write_msr(std::uint32_t number, std::uint64_t value) {
  machine().write_msr(number, value);
}

[[nodiscard]] inline bool rdrand(std::uint64_t& value) { return machine().on_rdrand(value); }
[[nodiscard]] inline bool rdseed(std::uint64_t& value) { return machine().on_rdseed(value); }

inline void enable_interrupts() { machine().interrupts_on = true; }
inline void disable_interrupts() {
  if (FakeMachine* const machine = FakeMachine::current()) {
    machine->interrupts_on = false;
  }
}
inline void set_task_priority(std::uint64_t priority) { machine().task_priority = priority; }

inline void halt_until_interrupt() {
  machine().on_halt();
  machine().interrupts_on = false;
}
[[noreturn]] inline void halt() { throw FakeMachine::Halted{}; }
[[noreturn]] inline void triple_fault() { throw FakeMachine::TripleFault{}; }

}  // namespace mote::cpu
