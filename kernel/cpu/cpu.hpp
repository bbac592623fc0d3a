// The CPU's own instructions that C++ has no words for, and what the CPU says of itself.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

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

inline constexpr std::uint32_t kFeatureLeaf = 1;
inline constexpr std::uint32_t kStructuredFeatureLeaf = 7;
inline constexpr std::uint32_t kTscLeaf = 0x15;
inline constexpr std::uint32_t kHypervisorLeaf = 0x4000'0000;
inline constexpr std::uint32_t kHypervisorTimingLeaf = 0x4000'0010;
inline constexpr std::uint32_t kExtendedLeaf = 0x8000'0000;
inline constexpr std::uint32_t kBrandLeaf = 0x8000'0002;  // and the two behind it

inline constexpr std::uint32_t kAddressLeaf = 0x8000'0008;

inline constexpr std::uint32_t kHypervisorBit = 1U << 31;   // leaf 1, ECX
inline constexpr std::uint32_t kTscDeadlineBit = 1U << 24;  // leaf 1, ECX
inline constexpr std::uint32_t kApicBit = 1U << 9;          // leaf 1, EDX
inline constexpr std::uint32_t kRdrandBit = 1U << 30;       // leaf 1, ECX
inline constexpr std::uint32_t kRdseedBit = 1U << 18;       // leaf 7, EBX

// The highest leaf of the basic, hypervisor or extended kind that begins at `first`.
[[nodiscard]] inline std::uint32_t last_leaf(std::uint32_t first) { return cpuid(first).eax; }

[[nodiscard]] inline bool under_hypervisor() {
  return (cpuid(kFeatureLeaf).ecx & kHypervisorBit) != 0;
}

// Where physical addresses end (Intel SDM 3A, 4.1.4).
[[nodiscard]] inline std::uint64_t physical_address_end() {
  constexpr unsigned kBitsUntold = 36;
  const bool told = last_leaf(kExtendedLeaf) >= kAddressLeaf;
  return std::uint64_t{1} << (told ? cpuid(kAddressLeaf).eax & 0x3F : kBitsUntold);
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

// Also forgets every translation, for no page is global.
inline void set_page_table_root(std::uint64_t value) {
  asm volatile("mov %0, %%cr3" : : "r"(value) : "memory");
}

// Whether read-only pages are so for this program, too (CR0.WP; Intel SDM 3A, 2.5).
inline void set_write_protect(bool on) {
  constexpr std::uint64_t kWriteProtect = 1 << 16;
  std::uint64_t value;
  asm volatile("mov %%cr0, %0" : "=r"(value));
  value = on ? value | kWriteProtect : value & ~kWriteProtect;
  asm volatile("mov %0, %%cr0" : : "r"(value) : "memory");
}

// Of a number that this CPU doesn't know, these are faults.
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

// Stops until an interrupt comes. STI lets none in before the instruction behind it has begun
// (Intel SDM 2B), so that one that waits already ends the halt, too. Interrupts are off behind it.
inline void halt_until_interrupt() { asm volatile("sti; hlt; cli" : : : "memory"); }

// Stops for good: interrupts are off.
[[noreturn]] inline void halt() {
  while (true) {
    asm volatile("cli; hlt");
  }
}

// The CPU's name as it gives it itself ("QEMU Virtual CPU"), without leading and
// trailing blanks; empty where it gives none. Holds its own characters.
class Brand {
 public:
  Brand();
  [[nodiscard]] std::string_view text() const;

 private:
  std::array<char, 48> characters_{};
};

}  // namespace mote::cpu
