// The CPU's instructions that C++ has no words for, and nothing else: the host's tests replace this
// header by a simulated machine (tests/unit/machine/).
#pragma once

#include <cstdint>

namespace mote::cpu {

struct Cpuid {
  std::uint32_t eax, ebx, ecx, edx;
};

[[nodiscard]] inline Cpuid cpuid(std::uint32_t leaf, std::uint32_t subleaf = 0) {
  Cpuid out;
  asm volatile("cpuid"
               : "=a"(out.eax), "=b"(out.ebx), "=c"(out.ecx), "=d"(out.edx)
               : "a"(leaf), "c"(subleaf));
  return out;
}

[[gnu::always_inline, nodiscard]] inline std::uint64_t time_stamp() {
  std::uint32_t low;
  std::uint32_t high;
  asm volatile("rdtsc" : "=a"(low), "=d"(high));
  return std::uint64_t{high} << 32 | low;
}

[[nodiscard]] inline std::uint64_t fault_address() {
  std::uint64_t value;
  asm volatile("mov %%cr2, %0" : "=r"(value));
  return value;
}

[[nodiscard]] inline std::uint64_t page_table_root() {
  std::uint64_t value;
  asm volatile("mov %%cr3, %0" : "=r"(value));
  return value;
}

// Also flushes every translation, since no page is global.
inline void set_page_table_root(std::uint64_t value) {
  asm volatile("mov %0, %%cr3" : : "r"(value) : "memory");
}

// Whether read-only pages are read-only for Mote itself, which runs in ring 0 (CR0.WP; Intel SDM
// 3A, 2.5).
inline void set_write_protect(bool on) {
  constexpr std::uint64_t kWriteProtect = 1 << 16;
  std::uint64_t value;
  asm volatile("mov %%cr0, %0" : "=r"(value));
  value = on ? value | kWriteProtect : value & ~kWriteProtect;
  asm volatile("mov %0, %%cr0" : : "r"(value) : "memory");
}

// Both fault if the CPU doesn't have the MSR.
[[nodiscard]] inline std::uint64_t read_msr(std::uint32_t number) {
  std::uint32_t low;
  std::uint32_t high;
  asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
  return std::uint64_t{high} << 32 | low;
}
inline void write_msr(std::uint32_t number, std::uint64_t value) {
  asm volatile("wrmsr"
               :
               : "c"(number), "a"(static_cast<std::uint32_t>(value)),
                 "d"(static_cast<std::uint32_t>(value >> 32))
               : "memory");
}

[[gnu::always_inline]] inline void pause() { asm volatile("pause"); }

// Halts until an interrupt arrives, and leaves interrupts off. STI lets none in before the next
// instruction has begun (Intel SDM 2B), so an interrupt already pending ends the halt, too.
inline void halt_until_interrupt() { asm volatile("sti; hlt; cli" : : : "memory"); }

inline void enable_interrupts() { asm volatile("sti" : : : "memory"); }
inline void disable_interrupts() { asm volatile("cli" : : : "memory"); }

// Holds back interrupts whose vector's upper half is `priority` or less (CR8; Intel SDM
// 3A, 11.8.6).
inline void set_task_priority(std::uint64_t priority) {
  asm volatile("mov %0, %%cr8" : : "r"(priority) : "memory");
}

// Halts for good, with interrupts off.
[[noreturn]] inline void halt() {
  while (true) {
    asm volatile("cli; hlt");
  }
}

// A random number; false if the CPU has none ready (Intel SDM 1, 7.3.17). Faults where CPUID
// doesn't report the instruction.
[[nodiscard]] inline bool rdrand(std::uint64_t& value) {
  bool good;
  asm volatile("rdrand %0" : "=r"(value), "=@ccc"(good));
  return good;
}
[[nodiscard]] inline bool rdseed(std::uint64_t& value) {
  bool good;
  asm volatile("rdseed %0" : "=r"(value), "=@ccc"(good));
  return good;
}

// Without an interrupt table, neither the breakpoint nor the faults that follow can be delivered: a
// triple fault, which resets the machine.
[[noreturn]] inline void triple_fault() {
  struct [[gnu::packed]] {
    std::uint16_t limit = 0;
    std::uint64_t base = 0;
  } const no_table;
  asm volatile("lidt %0; int3" : : "m"(no_table));
  __builtin_unreachable();
}

}  // namespace mote::cpu
