// Tests of the way through ACPI's tables, sound and damaged, in simulated memory.
#include "kernel/acpi/tables.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <random>
#include <string_view>
#include <vector>

#include "tests/unit/kernel/acpi/firmware_tables.hpp"

namespace mote::acpi {
namespace {

TEST_CASE("the root pointer is found on a 16-byte boundary") {
  Firmware firmware;
  CHECK(search_rsdp(firmware.reader(), {kBase}, 0x1000) == PhysicalAddress{kRsdp});
  CHECK_FALSE(search_rsdp(firmware.reader(), {kRsdp + 16}, 0xF00).has_value());
  firmware.put<std::uint8_t>(kRsdp + 9, 'x');
  CHECK_FALSE(search_rsdp(firmware.reader(), {kBase}, 0x1000).has_value());
}

TEST_CASE("tables are found through the XSDT") {
  const Firmware firmware;
  CHECK(firmware.find(kFadt).size() == kFadtBytes);
  CHECK(firmware.find(kMcfg).size() == kMcfgEntries + 16);
  CHECK(firmware.find(Signature("HPET")).empty());
}

TEST_CASE("the CMOS clock is there unless the tables say that it isn't") {
  Firmware firmware;
  CHECK_FALSE(cmos_clock_of(firmware.find(kFadt)).absent);
  CHECK(cmos_clock_of(firmware.find(kFadt)).century == 0);
  firmware.put<std::uint8_t>(kFadtAt + 108, 0x32);
  firmware.put<std::uint16_t>(kFadtAt + 109, 0xFFDF);
  firmware.seal(kFadtAt);
  CHECK_FALSE(cmos_clock_of(firmware.find(kFadt)).absent);
  CHECK(cmos_clock_of(firmware.find(kFadt)).century == 0x32);
  firmware.put<std::uint16_t>(kFadtAt + 109, 0x0020);
  firmware.seal(kFadtAt);
  CHECK(cmos_clock_of(firmware.find(kFadt)).absent);
  CHECK_FALSE(cmos_clock_of({}).absent);
}

TEST_CASE("with a damaged XSDT the RSDT is used") {
  Firmware firmware;
  firmware.put<std::uint8_t>(kXsdt + 20, 1);
  CHECK(firmware.find(kFadt).size() == kFadtBytes);
  CHECK(firmware.find(kMcfg).empty());
}

TEST_CASE("a root pointer of revision 0 has only the RSDT") {
  Firmware firmware;
  firmware.put<std::uint8_t>(kRsdp + kRsdpRevision, 0);
  firmware.seal_rsdp();
  CHECK(firmware.find(kFadt).size() == kFadtBytes);
  CHECK(firmware.find(kMcfg).empty());
}

TEST_CASE("tables with a wrong sum or length are not used") {
  Firmware firmware;
  firmware.put<std::uint8_t>(kFadtAt + 30, 1);
  CHECK(firmware.find(kFadt).empty());
  firmware.seal(kFadtAt);
  CHECK_FALSE(firmware.find(kFadt).empty());
  for (const std::uint32_t length : {0U, 35U, 0x1000U, 0xFFFF'FFFFU}) {
    firmware.put(kFadtAt + kHeaderLength, length);
    CHECK(firmware.find(kFadt).empty());
  }
}

TEST_CASE("entries that point nowhere are skipped") {
  Firmware firmware;
  firmware.put<std::uint64_t>(kXsdt + kHeaderBytes, 0xFFFF'FFFF'FFFF'FFFF);
  firmware.seal(kXsdt);
  CHECK_FALSE(firmware.find(kMcfg).empty());
}

TEST_CASE("the timer's port") {
  Firmware firmware;
  CHECK(pm_timer_of(firmware.find(kFadt)) == IoPort{0x608});
  firmware.put<std::uint8_t>(kFadtAt + kFadtXPmTimer, kSpaceIo);
  firmware.put<std::uint64_t>(kFadtAt + kFadtXPmTimer + kGenericAddress, 0xB008);
  CHECK(pm_timer_of(firmware.view(kFadtAt, kFadtBytes)) == IoPort{0xB008});
  // A table of revision 1 ends before the extended field.
  CHECK(pm_timer_of(firmware.view(kFadtAt, 116)) == IoPort{0x608});
  firmware.put(kFadtAt + kFadtFlags, kFadtHardwareReduced);
  CHECK_FALSE(pm_timer_of(firmware.view(kFadtAt, kFadtBytes)).has_value());
  CHECK_FALSE(pm_timer_of({}).has_value());
}

TEST_CASE("a timer in memory is left alone") {
  Firmware firmware;
  firmware.put<std::uint8_t>(kFadtAt + kFadtXPmTimer, kSpaceMemory);
  firmware.put<std::uint64_t>(kFadtAt + kFadtXPmTimer + kGenericAddress, 0x1'0000'0008);
  CHECK(pm_timer_of(firmware.view(kFadtAt, kFadtBytes)) == IoPort{0x608});
  firmware.put<std::uint32_t>(kFadtAt + kFadtPmTimer, 0);
  CHECK_FALSE(pm_timer_of(firmware.view(kFadtAt, kFadtBytes)).has_value());
}

TEST_CASE("the reset register counts only where the flag says so") {
  Firmware firmware;
  firmware.put<std::uint8_t>(kFadtAt + kFadtResetRegister, kSpaceIo);
  firmware.put<std::uint64_t>(kFadtAt + kFadtResetRegister + kGenericAddress, 0xCF9);
  firmware.put<std::uint8_t>(kFadtAt + kFadtResetValue, 6);
  CHECK_FALSE(reset_register_of(firmware.view(kFadtAt, kFadtBytes)).has_value());
  firmware.put(kFadtAt + kFadtFlags, kFadtResetSupported);
  const auto reset = reset_register_of(firmware.view(kFadtAt, kFadtBytes));
  REQUIRE(reset.has_value());
  CHECK(reset->where == Register{true, 0xCF9});
  CHECK(reset->value == 6);
  constexpr std::uint8_t kSpacePciConfiguration = 2;
  firmware.put(kFadtAt + kFadtResetRegister, kSpacePciConfiguration);
  CHECK_FALSE(reset_register_of(firmware.view(kFadtAt, kFadtBytes)).has_value());
}

TEST_CASE("MCFG gives the window of segment 0") {
  Firmware firmware;
  const auto ecam = ecam_of(firmware.find(kMcfg));
  REQUIRE(ecam.has_value());
  CHECK(ecam->base == 0xB000'0000);
  CHECK(ecam->first_bus == 0);
  CHECK(ecam->last_bus == 255);
  firmware.put<std::uint16_t>(kMcfgAt + kMcfgEntries + 8, 1);
  CHECK_FALSE(ecam_of(firmware.view(kMcfgAt, kMcfgEntries + 16)).has_value());
  CHECK_FALSE(ecam_of(firmware.view(kMcfgAt, kMcfgEntries + 15)).has_value());
}

TEST_CASE("a _CBA method gives the window, too") {
  Firmware firmware;
  // Method (_CBA, 0, NotSerialized) { Return (0xE0000000) }, as on QEMU's microvm.
  firmware.header(kDsdtAt, "DSDT", 60);
  firmware.text(kDsdtAt + 40, std::string_view("\x14\x0B_CBA\x00\xA4\x0C\x00\x00\x00\xE0", 13));
  firmware.seal(kDsdtAt);
  const Bytes dsdt = read_table(firmware.reader(), dsdt_of(firmware.find(kFadt)));
  const auto ecam = ecam_by_cba(dsdt);
  REQUIRE(ecam.has_value());
  CHECK(ecam->base == 0xE000'0000);
  CHECK_FALSE(ecam_by_cba(dsdt.first(50)).has_value());
  firmware.put<std::uint32_t>(kDsdtAt + 49, 0xE000'0001);
  CHECK_FALSE(ecam_by_cba(firmware.view(kDsdtAt, 60)).has_value());
}

TEST_CASE("tables of random damage are read within their bounds") {
  std::mt19937 random(1);
  for (unsigned round = 0; round < 3'000; ++round) {
    Firmware firmware;
    for (unsigned i = 0; i < 1 + round % 4; ++i) {
      firmware.put(kRsdp + random() % 0x700, static_cast<std::uint8_t>(random()));
    }
    if (round % 2 == 0) {
      firmware.seal_rsdp();
    }
    const Bytes fadt = firmware.find(kFadt);
    static_cast<void>(pm_timer_of(fadt));
    static_cast<void>(reset_register_of(fadt));
    static_cast<void>(cmos_clock_of(fadt));
    static_cast<void>(ecam_of(firmware.find(kMcfg)));
    static_cast<void>(ecam_by_cba(read_table(firmware.reader(), dsdt_of(fadt))));
  }
}

// After 44 bytes: a CPU's local APIC, and two I/O APICs.
std::vector<std::byte> madt() {
  std::vector<std::byte> bytes(kMadtEntries);
  const auto add = [&](std::initializer_list<unsigned> entry) {
    for (const unsigned value : entry) {
      bytes.push_back(static_cast<std::byte>(value));
    }
  };
  add({0, 8, 0, 0, 1, 0, 0, 0});
  add({1, 12, 0, 0, 0x00, 0x00, 0xC0, 0xFE, 0, 0, 0, 0});
  add({1, 12, 1, 0, 0x00, 0x10, 0xC0, 0xFE, 24, 0, 0, 0});
  return bytes;
}

TEST_CASE("an interrupt belongs to the I/O APIC with the nearest start below it") {
  const auto table = madt();
  CHECK(io_apic_of(table, 0)->address == 0xFEC0'0000);
  CHECK(io_apic_of(table, 23)->first_interrupt == 0);
  CHECK(io_apic_of(table, 24)->address == 0xFEC0'1000);
  CHECK(io_apic_of(table, 47)->first_interrupt == 24);
  CHECK_FALSE(io_apic_of({}, 5).has_value());
  // Cut short, or with an entry that has no length.
  for (std::size_t bytes = 0; bytes < kMadtEntries + 8 + 12; ++bytes) {
    CHECK_FALSE(io_apic_of(Bytes(table).first(bytes), 5).has_value());
  }
  auto endless = table;
  endless[kMadtEntries + 1] = std::byte{0};
  CHECK_FALSE(io_apic_of(endless, 5).has_value());
}

}  // namespace
}  // namespace mote::acpi
