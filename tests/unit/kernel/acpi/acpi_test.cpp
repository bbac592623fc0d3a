// Tests of the search for ACPI's root pointer, and of the facts kept from the tables.
//
// The first MiB of this process plays the machine's: the areas in which a BIOS leaves the tables.
#include "kernel/acpi/acpi.hpp"

#include <doctest/doctest.h>
#include <sys/mman.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "tests/unit/kernel/acpi/firmware_tables.hpp"
#include "tests/unit/kernel/acpi/microvm_dsdt.hpp"

// The kernel, in which no firmware keeps tables.
asm(R"(
  .globl __image_start
  .globl __image_end
  .set __image_start, 0x100000
  .set __image_end, 0x200000
)");

namespace mote::acpi {
namespace {

constexpr std::uint64_t kLow = 0x80000;
constexpr std::size_t kLowBytes = 0x80000;

std::byte* low_memory() {
  static auto* const memory = [] {
    void* const mapped = mmap(reinterpret_cast<void*>(kLow), kLowBytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    REQUIRE(reinterpret_cast<std::uintptr_t>(mapped) == kLow);
    return static_cast<std::byte*>(mapped);
  }();
  return memory;
}

// Boots with these tables at `root`, or with none.
void boot(const Firmware* tables, std::uint64_t rsdp_told = 0) {
  std::memset(low_memory(), 0, kLowBytes);
  if (tables != nullptr) {
    const Bytes bytes = tables->view(kBase, 0x1000);
    std::memcpy(low_memory() + (kBase - kLow), bytes.data(), bytes.size());
  }
  BootInfo info{};
  info.rsdp = rsdp_told;
  initialize(info);
}

TEST_CASE("without tables there is only what every PC has") {
  boot(nullptr);
  CHECK_FALSE(pm_timer().has_value());
  CHECK_FALSE(reset_register().has_value());
  CHECK_FALSE(ecam().has_value());
  CHECK_FALSE(fixed_hardware().has_power_button);
  CHECK_FALSE(sleep_control().has_value());
  CHECK_FALSE(power_off_types().has_value());
  CHECK_FALSE(power_event().has_value());
  CHECK_FALSE(cmos_clock().absent);
  CHECK(io_apic(5).address == 0xFEC0'0000);
  std::array<MmioWindow, 4> windows;
  CHECK(device_windows("LNRO0005", windows) == 0);
}

TEST_CASE("the root pointer is found in the BIOS's area, or where the loader says") {
  const Firmware tables;
  boot(&tables);
  CHECK(pm_timer() == IoPort{0x608});
  REQUIRE(ecam().has_value());
  CHECK(ecam()->base == 0xB000'0000);
  boot(&tables, kRsdp);
  CHECK(pm_timer() == IoPort{0x608});
}

TEST_CASE("a loader's wrong pointer doesn't hide the BIOS's") {
  const Firmware tables;
  // Page 0, another place, the kernel, the last bytes below 4 GiB, and beyond.
  for (const std::uint64_t astray : {std::uint64_t{16}, kBase, std::uint64_t{0x10'0000},
                                     std::uint64_t{0xFFFF'FFF0}, ~std::uint64_t{0} - 8}) {
    boot(&tables, astray);
    CHECK(pm_timer() == IoPort{0x608});
  }
}

TEST_CASE("the extended BIOS data area is the last place to look") {
  const Firmware tables;
  boot(nullptr);
  const Bytes pointer = tables.view(kRsdp, kRsdpBytes);
  std::memcpy(low_memory() + 0x1FC00, pointer.data(), pointer.size());  // at 9FC00h
  const Bytes rest = tables.view(kBase + 0x100, 0xF00);
  std::memcpy(low_memory() + (kBase + 0x100 - kLow), rest.data(), rest.size());
  initialize(BootInfo{});
  CHECK(pm_timer() == IoPort{0x608});
}

TEST_CASE("tables claimed to lie in the kernel are not read") {
  Firmware tables;
  tables.put<std::uint64_t>(kXsdt + kHeaderBytes, 0x10'0000);
  tables.put<std::uint64_t>(kXsdt + kHeaderBytes + 8, 0x1F'FFF0);
  tables.seal(kXsdt);
  boot(&tables);
  CHECK_FALSE(pm_timer().has_value());
  CHECK_FALSE(ecam().has_value());
}

TEST_CASE("devices' windows come from the DSDT; those that don't fit are counted too") {
  Firmware tables;
  boot(&tables);
  std::memcpy(low_memory() + (kDsdtAt - kLow), kMicrovmDsdt, sizeof(kMicrovmDsdt));
  std::array<MmioWindow, 2> windows;
  CHECK(device_windows("LNRO0005", windows) == 2);
  CHECK(windows[0].base.value == 0xFEB0'2E00);
  CHECK(windows[1].base.value == 0xFEB0'2C00);
  CHECK(device_windows("LNRO0005", std::span(windows).first(1)) == 2);
  CHECK(device_windows("QEMU9999", windows) == 0);
}

TEST_CASE("the ways to switch off come from FADT and DSDT") {
  Firmware tables;
  boot(&tables);
  CHECK(fixed_hardware().has_power_button);
  std::memcpy(low_memory() + (kDsdtAt - kLow), kMicrovmDsdt, sizeof(kMicrovmDsdt));
  CHECK(power_off_types() == SleepTypes{5, 0});
  CHECK(power_event() == PowerEvent{{false, 0xFEA0'0000}, 4, 2});
}

}  // namespace
}  // namespace mote::acpi
