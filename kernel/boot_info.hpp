// The record that every boot path hands to the kernel: the one ABI between boot/ and C++.
//
// boot/ fills one BootInfo, enters long mode on the kernel's own page tables and stack, and calls
// `kernel_main(const BootInfo*)`. Later code doesn't depend on how the machine was booted, except
// to report it. boot/boot_info.inc has this layout for NASM; the build fails if they differ.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace mote {

enum class BootWay : std::uint32_t { kBios = 1, kPvh = 2, kUefi = 3 };

// One range of the machine's address space. These 24 bytes are both INT 15h E820h's layout with
// ACPI 3 attributes (ACPI 6.5, 15.1) and `hvm_memmap_table_entry` of Xen's PVH boot ABI.
struct MemoryRange {
  std::uint64_t base;
  std::uint64_t bytes;
  std::uint32_t type;  // kUsableRam; anything else: memory not ours to use
  std::uint32_t attributes;

  static constexpr std::uint32_t kUsableRam = 1;
};
static_assert(sizeof(MemoryRange) == 24);

// A screen in memory: 32-bit pixels, of which three bytes are colours, in any order.
struct Framebuffer {
  std::uint64_t address;  // 0: there is none
  std::uint32_t width;    // in pixels, as all that follows
  std::uint32_t height;
  std::uint32_t pixels_a_line;  // from one line's beginning to the next one's
  std::uint32_t reserved;       // zero
};
static_assert(sizeof(Framebuffer) == 24);

struct BootInfo {
  BootWay way;
  std::uint32_t reserved;       // zero
  std::uint64_t memory_map;     // physical address of MemoryRange[memory_ranges]
  std::uint64_t memory_ranges;  // 0: unknown
  std::uint64_t pack;           // physical address of the site pack, page-aligned; 0: none
  std::uint64_t rsdp;           // ACPI root pointer; 0: not given, search for it
  std::uint64_t command_line;   // physical address of a zero-terminated string; 0: none
  std::uint64_t smbios;         // of SMBIOS's entry point; 0: not given, search for it
  Framebuffer framebuffer;
  std::uint64_t seed_bytes;  // how many there are of these random bytes
  std::array<std::byte, 64> seed;

  // Characters of the command line that boot/ keeps; the rest of a longer one is lost.
  static constexpr std::size_t kMaxCommandLine = 4095;
};
static_assert(sizeof(BootInfo) == 152);
static_assert(offsetof(BootInfo, memory_map) == 8 && offsetof(BootInfo, pack) == 24);
static_assert(offsetof(BootInfo, rsdp) == 32 && offsetof(BootInfo, command_line) == 40);
static_assert(offsetof(BootInfo, framebuffer) == 56 && offsetof(BootInfo, seed) == 88);

}  // namespace mote
