// Tests of changes to the active tables: what may be mapped, and that the tables are closed again.
#include "kernel/memory/paging.hpp"

#include <doctest/doctest.h>
#include <sys/mman.h>

#include <cstdint>
#include <span>

#include "tests/unit/kernel/memory/boot_tables.hpp"
#include "tests/unit/machine/machine.hpp"

// The place of a kernel's image of 3 MiB.
asm(R"(
  .globl __image_start
  .globl __image_end
  .globl __boot_text_start
  .globl __boot_text_end
  .set __boot_text_start, 0x110000
  .set __boot_text_end, 0x118000
  .globl __sealed_start
  .globl __sealed_end
  .set __image_start, 0x100000
  .set __sealed_start, 0x200000
  .set __sealed_end, 0x203000
  .set __image_end, 0x400000
)");

namespace mote::paging {
namespace {

// A CPU of 40 address bits that uses boot's tables.
struct Cpu : FakeMachine {
  BootTables boot;

  Cpu() {
    leaves[{0x8000'0000, 0}] = {0x8000'0008, 0, 0, 0};
    leaves[{0x8000'0008, 0}] = {40, 0, 0, 0};
    page_table_root = boot.root_address() | 0x18;  // PWT and PCD are not part of the address
  }
  ~Cpu() {
    CHECK(write_protect);
    CHECK(page_table_root == (boot.root_address() | 0x18));
  }
  Cpu(const Cpu&) = delete;
};

// Tables within the memory that boot maps, as the pools' are.
std::span<Table> low_tables() {
  constexpr std::uint64_t kAt = 0x1000'0000;
  static void* const memory =
      mmap(reinterpret_cast<void*>(kAt), 4 * kPageBytes, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  REQUIRE(reinterpret_cast<std::uintptr_t>(memory) == kAt);
  return {static_cast<Table*>(memory), 4};
}

TEST_CASE("device registers are mapped uncached, anywhere that the CPU can address") {
  Cpu cpu;
  REQUIRE(map_device({0xFEB0'0000}, 0x1000));
  CHECK((cpu.boot.rights(0xFEB0'0000) & ~kLarge) == kDevice);
  constexpr std::uint64_t kEnd = std::uint64_t{1} << 40;
  REQUIRE(map_device({kEnd - 0x4000}, 0x4000));
  CHECK((cpu.boot.rights(kEnd - 0x4000) & ~kLarge) == kDevice);
  CHECK_FALSE(map_device({kEnd - 0x4000}, 0x4001));
  CHECK_FALSE(map_device({kEnd}, 1));
  CHECK_FALSE(map_device({~std::uint64_t{0}}, 2));
}

TEST_CASE("no device lies in page 0 or in the kernel") {
  Cpu cpu;
  CHECK_FALSE(map_device({0}, 4096));
  CHECK_FALSE(map_device({0x1F'F000}, 0x1000));
  CHECK_FALSE(map_device({0xF'F000}, 0x1001));
  CHECK(cpu.boot.rights(0x1F'F000) == kData);
}

TEST_CASE("memory is made read-only") {
  Cpu cpu;
  REQUIRE(protect_read_only({0x80'0000}, 0x3000));
  CHECK(cpu.boot.rights(0x80'2000) == kReadOnly);
  CHECK(cpu.boot.rights(0x80'3000) == kData);
}

TEST_CASE("the code that boot needed becomes memory for pools") {
  Cpu cpu;
  REQUIRE(take_boot_text());
  CHECK(cpu.boot.rights(0x11'0000) == kReadWrite);
  CHECK(cpu.boot.rights(0x11'7000) == kReadWrite);
}

TEST_CASE("guards need tables of their own; sealing protects boot's decisions and those tables") {
  Cpu cpu;
  CHECK_FALSE(leave_out({0x60'1000}));
  CHECK(cpu.boot.rights(0x60'1000) == (kData | kLarge));
  give_tables(low_tables());
  REQUIRE(leave_out({0x60'1000}));
  CHECK(cpu.boot.rights(0x60'1000) == 0);
  CHECK(cpu.boot.rights(0x60'2000) == kData);
  REQUIRE(seal());
  CHECK(cpu.boot.rights(0x20'0000) == kReadOnly);
  CHECK(cpu.boot.rights(0x20'3000) == kData);
  CHECK(cpu.boot.rights(0x1000'0000) == kReadOnly);
  CHECK(cpu.boot.rights(0x1000'3000) == kReadOnly);
  CHECK(cpu.boot.rights(0x1000'4000) == kData);
}

TEST_CASE("when spare tables have run out, existing mappings stay as they are") {
  Cpu cpu;
  std::uint64_t gib = 8;
  while (gib < 64 && map_device({gib << 30}, 0x1000)) {
    ++gib;
  }
  REQUIRE(gib < 64);  // each GiB takes a table
  CHECK(gib > 8);
  CHECK((cpu.boot.rights((gib - 1) << 30) & ~kLarge) == kDevice);
  CHECK(cpu.boot.rights(gib << 30) == 0);
  CHECK(map_device({0xFE00'0000}, 0x1000));  // one of boot's large pages serves
}

}  // namespace
}  // namespace mote::paging
