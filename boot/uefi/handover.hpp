// Leaves the firmware and enters the kernel.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "boot/uefi/embedded_kernel.hpp"
#include "boot/uefi/firmware.hpp"
#include "kernel/boot_info.hpp"

namespace mote::uefi {

// What boot/uefi/handover.asm reads, and all that the kernel copies when it begins.
struct Handover {
  std::array<std::uint64_t, 3> gdt;
  std::array<std::uint16_t, 3> padding;
  std::uint16_t gdt_limit;  // with gdt_base, LGDT's operand
  std::uint64_t gdt_base;
  std::uint32_t target;  // with selector, a far jump's
  std::uint16_t selector;
  std::uint16_t padding2;
  std::uint32_t kernel;
  std::uint32_t kernel_words;  // of 32 bits
  std::uint32_t start;
  std::uint32_t entry;
  std::uint32_t boot_info;

  BootInfo info;
  std::array<MemoryRange, 128> ranges;  // as many as boot/long_mode.asm keeps
  std::array<char, BootInfo::kMaxCommandLine + 1> command_line;
};
static_assert(offsetof(Handover, gdt_limit) == 30 && offsetof(Handover, target) == 40);
static_assert(offsetof(Handover, kernel) == 48 && offsetof(Handover, boot_info) == 64);

// Memory for the record, and for the code that uses it; `record` is null if there is none.
struct HandoverPages {
  Handover* record = nullptr;
  std::span<std::byte> code;
};
[[nodiscard]] HandoverPages prepare_handover(const Firmware& firmware);

// Ends boot services and enters the kernel, a copy of which lies at `memory`. Returns only if the
// firmware refuses.
void hand_over(Firmware& firmware, const HandoverPages& pages, const EmbeddedKernel& kernel,
               std::span<const std::byte> memory);

}  // namespace mote::uefi
