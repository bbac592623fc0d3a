// The CPU's name and features, by CPUID.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "kernel/cpu/instructions.hpp"

namespace mote::cpu {

inline constexpr std::uint32_t kFeatureLeaf = 1;
inline constexpr std::uint32_t kStructuredFeatureLeaf = 7;
inline constexpr std::uint32_t kTscLeaf = 0x15;
inline constexpr std::uint32_t kHypervisorLeaf = 0x4000'0000;
inline constexpr std::uint32_t kHypervisorTimingLeaf = 0x4000'0010;
inline constexpr std::uint32_t kExtendedLeaf = 0x8000'0000;
inline constexpr std::uint32_t kBrandLeaf = 0x8000'0002;  // and the next two

inline constexpr std::uint32_t kAddressLeaf = 0x8000'0008;

inline constexpr std::uint32_t kHypervisorBit = 1U << 31;   // leaf 1, ECX
inline constexpr std::uint32_t kTscDeadlineBit = 1U << 24;  // leaf 1, ECX
inline constexpr std::uint32_t kApicBit = 1U << 9;          // leaf 1, EDX
inline constexpr std::uint32_t kRdrandBit = 1U << 30;       // leaf 1, ECX
inline constexpr std::uint32_t kRdseedBit = 1U << 18;       // leaf 7, EBX

// The highest leaf of the range that begins at `first`: basic, hypervisor or extended.
[[nodiscard]] inline std::uint32_t last_leaf(std::uint32_t first) { return cpuid(first).eax; }

[[nodiscard]] inline bool under_hypervisor() {
  return (cpuid(kFeatureLeaf).ecx & kHypervisorBit) != 0;
}

// One past the highest physical address (Intel SDM 3A, 4.1.4).
[[nodiscard]] inline std::uint64_t physical_address_end() {
  constexpr unsigned kBitsUntold = 36;
  const bool told = last_leaf(kExtendedLeaf) >= kAddressLeaf;
  return std::uint64_t{1} << (told ? cpuid(kAddressLeaf).eax & 0x3F : kBitsUntold);
}

// The CPU's brand string ("QEMU Virtual CPU"), without leading and trailing blanks; empty where
// there is none. Holds its own characters.
class Brand {
 public:
  Brand();
  [[nodiscard]] std::string_view text() const;

 private:
  std::array<char, 48> characters_{};
};

}  // namespace mote::cpu
