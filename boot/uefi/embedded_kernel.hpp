// The kernel inside the loader: tools/image/embedded_kernel.py makes it, boot/uefi/kernel.asm takes
// it into a section of its own, so that a signature of the loader covers it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernel/cpu/addresses.hpp"

namespace mote::uefi {

// The header; the kernel's memory follows, from its first byte to its last one that isn't zero at
// start, as whole sectors.
struct EmbeddedKernel {
  std::uint32_t magic;  // kMagic
  std::uint32_t bytes;  // that follow
  std::uint32_t start;  // where they belong
  std::uint32_t image_end;
  std::uint32_t entry;
  std::uint32_t reserved;  // zero
  std::uint64_t sum;       // of the 64-bit words that follow
  std::uint64_t sums;      // of the running sum after each, which depends on their order

  static constexpr std::uint32_t kMagic = 0x4C4B544D;  // "MTKL"

  [[nodiscard]] AddressRange range() const { return {start, image_end}; }

  [[nodiscard]] std::span<const std::byte> memory() const {
    return {reinterpret_cast<const std::byte*>(this + 1), bytes};
  }

  [[nodiscard]] bool is_sound() const {
    if (magic != kMagic) {
      return false;
    }
    const auto* const words = reinterpret_cast<const std::uint64_t*>(this + 1);
    std::uint64_t found = 0;
    std::uint64_t found_sums = 0;
    for (std::size_t i = 0; i < bytes / sizeof(*words); ++i) {
      found += words[i];
      found_sums += found;
    }
    return found == sum && found_sums == sums;
  }
};
static_assert(sizeof(EmbeddedKernel) == 40);

}  // namespace mote::uefi

extern "C" const mote::uefi::EmbeddedKernel embedded_kernel;
