// Tests of what CPUID says about the CPU (Intel SDM 2A).
#include "kernel/cpu/cpu.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <string>

#include "tests/unit/machine/machine.hpp"

namespace mote::cpu {
namespace {

void put_brand(FakeMachine& machine, const char (&text)[49]) {
  machine.leaves[{0x8000'0000, 0}] = {0x8000'0004, 0, 0, 0};
  for (std::uint32_t i = 0; i < 3; ++i) {
    std::memcpy(machine.leaves[{0x8000'0002 + i, 0}].data(), text + 16 * i, 16);
  }
}

TEST_CASE("the brand comes without blanks and QEMU's version; a CPU without one gives none") {
  FakeMachine machine;
  CHECK(Brand().text().empty());
  put_brand(machine, "      Intel(R) Xeon(R) CPU @ 2.70GHz            ");
  CHECK(Brand().text() == "Intel(R) Xeon(R) CPU @ 2.70GHz");
  put_brand(machine, "QEMU Virtual CPU version 2.5+\0garbage behind it ");
  CHECK(Brand().text() == "QEMU Virtual CPU");
  put_brand(machine, "012345678901234567890123456789012345678901234567");
  CHECK(Brand().text().size() == 48);
  put_brand(machine, "                                                ");
  CHECK(Brand().text().empty());
  machine.leaves[{0x8000'0000, 0}] = {0x8000'0003, 0, 0, 0};
  CHECK(Brand().text().empty());
}

TEST_CASE("physical addresses have as many bits as the CPU says, or 36") {
  FakeMachine machine;
  CHECK(physical_address_end() == std::uint64_t{1} << 36);
  machine.leaves[{0x8000'0000, 0}] = {0x8000'0008, 0, 0, 0};
  machine.leaves[{0x8000'0008, 0}] = {0x3028, 0, 0, 0};  // 48 linear bits, 40 physical ones
  CHECK(physical_address_end() == std::uint64_t{1} << 40);
}

TEST_CASE("a hypervisor shows in bit 31 of leaf 1's ECX") {
  FakeMachine machine;
  CHECK_FALSE(under_hypervisor());
  machine.leaves[{1, 0}] = {0, 0, 1U << 31, 0};
  CHECK(under_hypervisor());
}

}  // namespace
}  // namespace mote::cpu
