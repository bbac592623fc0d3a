// Tests of changes to page tables, on tables as boot/ leaves them.
#include "kernel/memory/page_table.hpp"

#include <doctest/doctest.h>

#include "tests/unit/kernel/memory/boot_tables.hpp"

namespace mote::paging {
namespace {

TEST_CASE("a range is made read-only, and nothing beside it") {
  BootTables machine;
  PageTables tables = machine.tables();
  constexpr std::uint64_t kStart =
      0x1F'F000;  // from small pages over large ones into part of another
  constexpr std::uint64_t kBytes = 0x1000 + 2 * kLargePageBytes + 0x3000;
  REQUIRE(tables.set_rights(kStart, kBytes, kReadOnly));
  CHECK(machine.rights(kStart - kPageBytes) == kData);
  CHECK(machine.rights(kStart) == kReadOnly);
  CHECK(machine.rights(0x20'0000) == (kReadOnly | kLarge));
  CHECK(machine.rights(0x40'0000) == (kReadOnly | kLarge));
  CHECK(machine.rights(0x60'0000) == kReadOnly);
  CHECK(machine.rights(0x60'2000) == kReadOnly);
  CHECK(machine.rights(0x60'3000) == kData);
  CHECK(machine.rights(0x80'0000) == (kData | kLarge));
  CHECK(tables.used() == 1);
}

TEST_CASE("a guard page is unmapped, and nothing beside it") {
  BootTables machine;
  PageTables tables = machine.tables();
  REQUIRE(tables.set_rights(0x40'3000, kPageBytes, kAbsent));
  CHECK(machine.rights(0x40'2000) == kData);
  CHECK(machine.rights(0x40'3000) == 0);
  CHECK(machine.rights(0x40'4000) == kData);
  CHECK(machine.rights(0x60'0000) == (kData | kLarge));
  REQUIRE(tables.set_rights(0x5F'F000, kPageBytes, kAbsent));
  REQUIRE(tables.set_rights(0x10'0000, kPageBytes, kAbsent));
  CHECK(machine.rights(0x5F'F000) == 0);
  CHECK(machine.rights(0x10'0000) == 0);
  CHECK(tables.used() == 1);
  REQUIRE(tables.set_rights(0x80'0000, kLargePageBytes, kAbsent));
  CHECK(machine.rights(0x80'0000) == 0);
  CHECK(tables.used() == 1);
  CHECK_FALSE(tables.set_rights(0x40'3000, kPageBytes, kReadOnly));
}

TEST_CASE("unmapped memory can't be protected") {
  BootTables machine;
  PageTables tables = machine.tables();
  CHECK_FALSE(tables.set_rights(0, kPageBytes, kReadOnly));
  CHECK_FALSE(tables.set_rights(5 * kGib, kPageBytes, kReadOnly));
  CHECK_FALSE(tables.set_rights(kPageBytes, 0, kReadOnly));
  CHECK_FALSE(tables.set_rights(kLowerHalfEnd - kPageBytes, 2 * kPageBytes, kReadOnly));
}

TEST_CASE("device windows below and above 4 GiB, unaligned too") {
  BootTables machine;
  PageTables tables = machine.tables();
  REQUIRE(tables.map(0xFEBD'1000, 0x1000, kDevice));
  CHECK(machine.rights(0xFEBD'1000) == (kDevice | kLarge));
  REQUIRE(tables.map(0xB'8000, 0x1000, kDevice));
  CHECK(machine.rights(0xB'8000) == kDevice);
  CHECK(machine.rights(0xB'9000) == kData);
  CHECK(tables.used() == 0);
  constexpr std::uint64_t kFar = 0x3800'003F'F800;
  REQUIRE(tables.map(kFar, 0x1000, kDevice));
  CHECK(machine.rights(kFar) == (kDevice | kLarge));
  CHECK(machine.rights(kFar + 0x1000) == (kDevice | kLarge));
  CHECK(machine.rights(kFar + 2 * kLargePageBytes) == 0);
  CHECK(tables.used() == 2);
  REQUIRE(tables.map(kFar, 0x1000, kDevice));
  CHECK(tables.used() == 2);
}

TEST_CASE("no device lies in page 0 or in the kernel") {
  constexpr AddressRange kImage{0x10'0000, 0x48'0000};
  constexpr std::uint64_t kAll = ~std::uint64_t{0};
  CHECK(may_be_device(kImage, 0xB'8000, 0x1000));
  CHECK(may_be_device(kImage, 0xF'F000, 0x1000));
  CHECK(may_be_device(kImage, 0x60'0000, 0x1000));
  CHECK(may_be_device(kImage, 0xFEBD'1000, 0x1000));
  CHECK(may_be_device(kImage, 0x3800'0000'0000, 0x1000));
  CHECK_FALSE(may_be_device(kImage, 0, 0x1000));
  CHECK_FALSE(may_be_device(kImage, 0xFFF, 1));
  CHECK_FALSE(may_be_device(kImage, 0xF'F000, 0x1001));
  CHECK_FALSE(may_be_device(kImage, 0x10'0000, 1));
  CHECK_FALSE(may_be_device(kImage, 0x47'FFFF, 1));
  CHECK_FALSE(may_be_device(kImage, 0x5F'F000, 0x1000));
  CHECK_FALSE(may_be_device(kImage, 0x1000, kAll));
  CHECK(may_be_device(kImage, 0x60'0000, kAll));
}

TEST_CASE("without spare tables nothing is done") {
  BootTables machine(0);
  PageTables tables = machine.tables();
  CHECK_FALSE(tables.map(8 * kGib << 10, 0x1000, kDevice));
  CHECK_FALSE(tables.set_rights(0x20'0000, 0x1000, kReadOnly));
  CHECK(machine.rights(0x20'0000) == (kData | kLarge));
}

}  // namespace
}  // namespace mote::paging
