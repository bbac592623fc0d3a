// Tests of kernel/acpi/power_tables.hpp: the FADT's power registers.
#include "kernel/acpi/power_tables.hpp"

#include <doctest/doctest.h>

#include <cstdint>

#include "tests/unit/kernel/acpi/firmware_tables.hpp"

namespace mote::acpi {
namespace {

// A FADT with what QEMU's q35 writes into it, in the old form only.
struct Q35 : Firmware {
  Q35() {
    put<std::uint32_t>(kFadtAt + 48, 0xB2);  // SMI_CMD
    put<std::uint8_t>(kFadtAt + 52, 2);      // ACPI_ENABLE
    put<std::uint32_t>(kFadtAt + 56, 0x600);
    put<std::uint32_t>(kFadtAt + 64, 0x604);
    put<std::uint8_t>(kFadtAt + 88, 4);
    put<std::uint8_t>(kFadtAt + 89, 2);
  }

  template <typename T>
  void set(std::size_t offset, T value) {
    put<T>(kFadtAt + offset, value);
  }
  void set_address(std::size_t offset, unsigned space, std::uint64_t address) {
    set<std::uint8_t>(offset, static_cast<std::uint8_t>(space));
    set<std::uint64_t>(offset + kGenericAddress, address);
  }
  FixedHardware fixed() {
    seal(kFadtAt);
    return fixed_hardware_of(find(kFadt));
  }
};

TEST_CASE("block a at its ports, a button, and the way into ACPI mode") {
  const auto fixed = Q35().fixed();
  CHECK(fixed.statuses[0] == IoPort{0x600});
  CHECK(fixed.enables[0] == IoPort{0x602});
  CHECK_FALSE(exists(fixed.statuses[1]));
  CHECK(fixed.controls[0] == IoPort{0x604});
  CHECK_FALSE(exists(fixed.controls[1]));
  CHECK(fixed.has_power_button);
  CHECK(fixed.smi_command == IoPort{0xB2});
  CHECK(fixed.acpi_enable == 2);
}

TEST_CASE("block b, and a longer event block") {
  Q35 firmware;
  firmware.set<std::uint32_t>(60, 0x700);
  firmware.set<std::uint32_t>(68, 0x708);
  firmware.set<std::uint8_t>(88, 8);
  const auto fixed = firmware.fixed();
  CHECK(fixed.enables[0] == IoPort{0x604});
  CHECK(fixed.statuses[1] == IoPort{0x700});
  CHECK(fixed.enables[1] == IoPort{0x704});
  CHECK(fixed.controls[1] == IoPort{0x708});
}

TEST_CASE("extended addresses win, if they are ports") {
  Q35 firmware;
  firmware.set_address(148, kSpaceIo, 0xB000);
  firmware.set_address(160, kSpaceIo, 0xB100);
  firmware.set_address(172, kSpaceIo, 0xB004);
  firmware.set_address(184, kSpaceMemory, 0xFED0'0000);
  const auto fixed = firmware.fixed();
  CHECK(fixed.statuses[0] == IoPort{0xB000});
  CHECK(fixed.statuses[1] == IoPort{0xB100});
  CHECK(fixed.controls[0] == IoPort{0xB004});
  CHECK_FALSE(exists(fixed.controls[1]));
}

TEST_CASE("the flag means that there is no fixed button") {
  Q35 firmware;
  firmware.set<std::uint32_t>(112, 1 << 4);
  CHECK_FALSE(firmware.fixed().has_power_button);
}

TEST_CASE("a machine without an SMI command is in ACPI mode") {
  Q35 firmware;
  firmware.set<std::uint32_t>(48, 0);
  CHECK_FALSE(exists(firmware.fixed().smi_command));
  firmware.set<std::uint32_t>(48, 0x1'00B2);
  CHECK_FALSE(exists(firmware.fixed().smi_command));
  firmware.set<std::uint32_t>(48, 0xB2);
  firmware.set<std::uint8_t>(52, 0);
  CHECK_FALSE(exists(firmware.fixed().smi_command));
}

TEST_CASE("senseless blocks are none") {
  for (const std::uint32_t port : {0U, 0xFFFFU, 0x1'0000U, ~0U}) {
    Q35 firmware;
    firmware.set<std::uint32_t>(56, port);
    firmware.set<std::uint32_t>(64, port);
    CHECK_FALSE(exists(firmware.fixed().statuses[0]));
    CHECK_FALSE(exists(firmware.fixed().controls[0]));
  }
  Q35 firmware;
  firmware.set<std::uint8_t>(88, 3);
  firmware.set<std::uint8_t>(89, 1);
  CHECK_FALSE(exists(firmware.fixed().statuses[0]));
  CHECK_FALSE(exists(firmware.fixed().controls[0]));
}

TEST_CASE("a hardware-reduced machine has a sleep control register instead") {
  Q35 firmware;
  firmware.header(kFadtAt, "FACP", 276);
  firmware.set_address(244, kSpaceMemory, 0xFEA0'0200);
  CHECK(exists(firmware.fixed().statuses[0]));
  CHECK_FALSE(sleep_control_of(firmware.find(kFadt)).has_value());
  firmware.set<std::uint32_t>(112, 1 << 20);
  CHECK_FALSE(exists(firmware.fixed().statuses[0]));
  CHECK(sleep_control_of(firmware.find(kFadt)) == Register{false, 0xFEA0'0200});
  firmware.set_address(244, kSpaceIo, 0x600);
  CHECK_FALSE(exists(firmware.fixed().statuses[0]));
  CHECK(sleep_control_of(firmware.find(kFadt)) == Register{true, 0x600});
  firmware.header(kFadtAt, "FACP", 244);  // of a revision before 5
  CHECK_FALSE(exists(firmware.fixed().statuses[0]));
  CHECK_FALSE(sleep_control_of(firmware.find(kFadt)).has_value());
}

TEST_CASE("without a FADT there is nothing") {
  CHECK_FALSE(exists(fixed_hardware_of({}).statuses[0]));
  CHECK_FALSE(fixed_hardware_of({}).has_power_button);
  CHECK_FALSE(sleep_control_of({}).has_value());
}

}  // namespace
}  // namespace mote::acpi
