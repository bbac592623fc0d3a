// Tests of the I/O APIC: one redirection entry, against the 82093AA's data sheet.
#include "kernel/interrupts/io_apic.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <vector>

#include "tests/unit/kernel/fake_paging.hpp"
#include "tests/unit/machine/machine.hpp"

namespace mote {
namespace {

constexpr acpi::IoApicPlace kPlace{.address = 0xFEC1'0000, .first_interrupt = 24};

// An I/O APIC behind its index and window.
struct IoApic : FakeMachine {
  std::uint32_t index = 0;
  std::map<std::uint32_t, std::uint32_t> registers = {{1, 23U << 16 | 0x20}};
  std::vector<std::uint32_t> order;

  IoApic() {
    paging::fake() = {};
    windows = {{kPlace.address, kPlace.address + 0x20}};
    on_read = [this](std::uint64_t at, unsigned bytes) -> std::uint64_t {
      CHECK((at == kPlace.address + 0x10 && bytes == 4));
      return registers[index];
    };
    on_write = [this](std::uint64_t at, unsigned bytes, std::uint64_t value) {
      CHECK(bytes == 4);
      if (at == kPlace.address) {
        index = static_cast<std::uint32_t>(value);
      } else {
        CHECK(at == kPlace.address + 0x10);
        registers[index] = static_cast<std::uint32_t>(value);
        order.push_back(index);
      }
    };
  }
};

TEST_CASE(
    "an input goes to one local APIC, active high, by edges; the destination is written first") {
  IoApic chip;
  REQUIRE(io_apic::open(kPlace, 29, 3));
  CHECK(chip.order == std::vector<std::uint32_t>{0x10 + 2 * 5 + 1, 0x10 + 2 * 5});
  CHECK(chip.registers[0x10 + 2 * 5 + 1] == 3U << 24);
  CHECK(chip.registers[0x10 + 2 * 5] == 0x41);  // fixed, physical, not masked
  CHECK(paging::fake().mapped.at(0).end - paging::fake().mapped.at(0).begin == 0x20);
}

TEST_CASE("the last input is accepted, the next one and those of other chips are not") {
  IoApic chip;
  CHECK(io_apic::open(kPlace, 24 + 23, 0));
  chip.order.clear();
  CHECK_FALSE(io_apic::open(kPlace, 24 + 24, 0));
  CHECK_FALSE(io_apic::open(kPlace, 23, 0));
  CHECK(chip.order.empty());
}

TEST_CASE("a chip that isn't there, or can't be reached, is left alone") {
  IoApic chip;
  chip.registers[1] = 0xFFFF'FFFF;
  CHECK_FALSE(io_apic::open(kPlace, 24, 0));
  chip.registers[1] = 23U << 16;
  paging::fake().can_map = false;
  CHECK_FALSE(io_apic::open(kPlace, 24, 0));
  CHECK(chip.order.empty());
}

}  // namespace
}  // namespace mote
