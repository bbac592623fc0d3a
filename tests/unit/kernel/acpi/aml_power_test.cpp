// Tests of kernel/acpi/aml_power.hpp: what switches machines off, and where their buttons show.
#include "kernel/acpi/aml_power.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/kernel/acpi/aml_terms.hpp"
#include "tests/unit/kernel/acpi/microvm_dsdt.hpp"

namespace mote::acpi {
namespace {

// Each reads a copy in memory of exactly its size, so that the sanitizer sees any access outside.
std::optional<SleepTypes> types_in(const std::string& table) {
  const std::vector<char> exact(table.begin(), table.end());
  return power_off_types_of(std::as_bytes(std::span(exact)));
}
std::optional<PowerEvent> event_in_table(const std::string& table) {
  const std::vector<char> exact(table.begin(), table.end());
  return power_event_of(std::as_bytes(std::span(exact)));
}

std::string microvm() {
  return {reinterpret_cast<const char*>(kMicrovmDsdt), sizeof(kMicrovmDsdt)};
}

std::string package(unsigned count, const std::string& elements) {
  return "\x12" + packed(bytes_of({count}) + elements, 0);
}
std::string byte(unsigned value) { return bytes_of({0x0A, value}); }
std::string device(std::string_view path, const std::string& contents) {
  return "\x5B\x82" + packed(std::string(path) + contents, 1);
}
std::string region(unsigned space, const std::string& address, const std::string& bytes) {
  return "\x5B\x80" + std::string("EREG") + bytes_of({space}) + address + bytes;
}
std::string method(const std::string& code) { return "\x14" + packed("_EVT\x01" + code, 1); }
std::string condition(const std::string& predicate, const std::string& body) {
  return "\xA0" + packed(predicate + body, 0);
}
std::string notify(std::string_view name) {
  return "\x86" + std::string(name) + bytes_of({0x0A, 0x80});
}

constexpr std::uint32_t kAddress = 0xFEA0'0000;
const std::string kAddressTerm = "\x0C" + number(kAddress);
const std::string kButton = device("PWRB", name("_HID", text("PNP0C0C")));
const std::string kRegionTerm = region(0, kAddressTerm, byte(4));

// QEMU's form.
std::string if_masked(const std::string& mask, std::string_view button = "PWRB") {
  return condition("\x93\x7B\x60" + mask + std::string(1, '\0') + mask, notify(button));
}
std::string ged(const std::string& contents) {
  return device("GED_", name("_HID", text("ACPI0013")) + contents);
}
const std::string kGed = ged(kRegionTerm + method(if_masked(byte(2))));
constexpr PowerEvent kEvent{{.is_io = false, .address = kAddress}, 4, 2};

TEST_CASE("QEMU's microvm") {
  CHECK(types_in(microvm()) == SleepTypes{5, 0});
  CHECK(event_in_table(microvm()) == PowerEvent{{false, 0xFEA0'0000}, 4, 2});
}

TEST_CASE("_S5_ in all its forms") {
  const auto types_of = [](const std::string& value) {
    return types_in(table(bytes_of({0x10, 0x20, 0x5C, 0}) + name("_S5_", value)));
  };
  const std::string zero(1, '\0');
  CHECK(types_of(package(4, zero + zero + zero + zero)) == SleepTypes{0, 0});  // QEMU's pc
  CHECK(types_of(package(4, byte(5) + byte(6) + zero + zero)) == SleepTypes{5, 6});
  CHECK(types_of(package(2, byte(7) + "\x01")) == SleepTypes{7, 1});
  CHECK(types_of(package(1, byte(5))) == SleepTypes{5, 0});  // Cloud Hypervisor's
  CHECK(types_of(package(1, "\x0B" + number(std::uint16_t{0x0305}))) == SleepTypes{5, 3});
  CHECK(types_in(table("\x08\\_S5_" + package(1, byte(5)))) == SleepTypes{5, 0});
  CHECK_FALSE(types_of(package(0, byte(5))).has_value());
  CHECK_FALSE(types_of(package(2, "LOC0")).has_value());
  CHECK_FALSE(types_of(byte(5)).has_value());
  CHECK_FALSE(types_in(table(name("_S4_", package(1, byte(5))))).has_value());
  // A name that isn't the package is passed over.
  CHECK(types_in(table(name("_S5_", byte(1)) + name("_S5_", package(1, byte(5))))) ==
        SleepTypes{5, 0});
}

TEST_CASE("a package cut short gives no more than it has") {
  const std::string whole = table(name("_S5_", package(4, byte(5) + byte(6) + byte(0))));
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    CHECK_FALSE(types_in(whole.substr(0, bytes)).has_value());
  }
  CHECK(types_in(whole) == SleepTypes{5, 6});
  CHECK_FALSE(types_in(table("\x08_S5_\x12" + bytes_of({2, 4, 0x0A, 5}))).has_value());
}

TEST_CASE("QEMU's event device, its button before or behind it") {
  CHECK(event_in_table(table(kGed + kButton)) == kEvent);
  CHECK(event_in_table(table(kButton + kGed)) == kEvent);
  CHECK(event_in_table(table("\x10" + packed("\\_SB_" + kButton + kGed))) == kEvent);
  const std::string more = condition("\x93\x7B\x60\x01" + bytes_of({0, 1}), "MSCN");
  CHECK(event_in_table(table(ged(kRegionTerm + method(more + if_masked(byte(2)))) + kButton)) ==
        kEvent);
}

TEST_CASE("Cloud Hypervisor's: another device reads the register, and names are paths") {
  const std::string button = "\x2E_SB_PWRB";
  const std::string events =
      device("\x2E_SB_GEC_",
             name("_HID", "\x0C" + number(std::uint32_t{0x060A'D041})) +
                 region(0, "\x0E" + number(std::uint64_t{0x4000'0123'4567}), "\x01") +
                 method("\x7B\x60\x01\x61" + condition("\x93\x61\x01", "\\.CSCN") + "\x7B\x60" +
                        byte(8) + "\x61" + condition("\x93\x61" + byte(8), notify("\\" + button))));
  const std::string named =
      device(button, name("_HID", "\x0C" + number(std::uint32_t{0x0C0C'D041})));
  const std::string other = device("\x2E_SB_GED_", name("_HID", text("ACPI0013")) + method("ESCN"));
  CHECK(event_in_table(table(events + other + named)) ==
        PowerEvent{{false, 0x4000'0123'4567}, 1, 8});
}

TEST_CASE("a register at a port") {
  const std::string at_port = region(1, "\x0B" + number(std::uint16_t{0xB008}), "\x01");
  CHECK(event_in_table(table(ged(at_port + method(if_masked(byte(2)))) + kButton)) ==
        PowerEvent{{true, 0xB008}, 1, 2});
}

TEST_CASE("what isn't the button's event is none") {
  const std::string handler = method(if_masked(byte(2)));
  const auto with = [](const std::string& contents) {
    return event_in_table(table(ged(contents) + kButton)).has_value();
  };
  CHECK(with(kRegionTerm + handler));
  CHECK_FALSE(event_in_table(table(kGed)).has_value());  // no button
  CHECK_FALSE(with(handler));
  CHECK_FALSE(with(kRegionTerm));
  CHECK_FALSE(with(kRegionTerm + method(if_masked(byte(2), "SLPB"))));
  CHECK_FALSE(with(kRegionTerm + method(if_masked(byte(0)))));
  CHECK_FALSE(with(kRegionTerm + method(condition("\x95\x60\x0A\x02", notify("PWRB")))));
  CHECK_FALSE(with(kRegionTerm + method(condition("\x93\x7B\x60\x60", notify("PWRB")))));
  CHECK_FALSE(with(region(2, kAddressTerm, byte(4)) + handler));  // PCI configuration space
  CHECK_FALSE(with(region(0, kAddressTerm, byte(2)) + handler));
  CHECK_FALSE(with(region(0, kAddressTerm, byte(0)) + handler));
  CHECK_FALSE(with(region(0, byte(0), byte(4)) + handler));
  CHECK_FALSE(with(region(0, "LOCL", byte(4)) + handler));
  CHECK_FALSE(with(region(0, "\x0C" + number(kAddress + 2), byte(4)) + handler));  // crooked
  CHECK_FALSE(with(region(0, "\x0E" + number(~std::uint64_t{3}), byte(4)) + handler));
  CHECK_FALSE(with(region(1, "\x0C" + number(0x10000U), byte(4)) + handler));
  // A mask wider than the register.
  const std::string narrow = region(0, kAddressTerm, "\x01");
  CHECK(with(narrow + method(if_masked(byte(0x80)))));
  CHECK_FALSE(with(narrow + method(if_masked("\x0B" + number(std::uint16_t{0x100})))));
}

TEST_CASE("a register belongs to the device that notifies") {
  const std::string handler = method(if_masked(byte(2)));
  const std::string inner = device("INNR", kRegionTerm);
  CHECK_FALSE(event_in_table(table(ged(inner + handler) + kButton)).has_value());
  CHECK_FALSE(
      event_in_table(table(ged(kRegionTerm + device("INNR", handler)) + kButton)).has_value());
  const std::string outer = region(0, "\x0C" + number(0xFEC0'0000U), byte(4));
  CHECK(event_in_table(table(device("PCI0", outer + kGed) + kButton)) == kEvent);
}

TEST_CASE("names of every form end where they end") {
  const auto last = [](const std::string& bytes) {
    const std::vector<char> exact(bytes.begin(), bytes.end());
    std::size_t at = 0;
    const auto name = take_name(std::as_bytes(std::span(exact)), at);
    return std::pair(name, at);
  };
  constexpr std::uint32_t kName = Signature("PWRB").value;
  CHECK(last("PWRB") == std::pair(kName, std::size_t{4}));
  CHECK(last("\\PWRB") == std::pair(kName, std::size_t{5}));
  CHECK(last("^^PWRB") == std::pair(kName, std::size_t{6}));
  CHECK(last("\\\x2E_SB_PWRB") == std::pair(kName, std::size_t{10}));
  CHECK(last("\x2F\x03_SB_PCI0PWRB") == std::pair(kName, std::size_t{14}));
  CHECK(last(bytes_of({0x2F, 0})).first == 0);
  CHECK(last(bytes_of({0x2F, 0xFF, 'P'})).first == 0);
  CHECK(last("").first == 0);
  CHECK(last(std::string(300, '^')).first == 0);
}

TEST_CASE("tables of random damage are read within their bounds") {
  std::mt19937 random(1);
  const std::array tables = {microvm(), table(kGed + kButton + name("_S5_", package(1, byte(5))))};
  unsigned types = 0;
  unsigned events = 0;
  for (unsigned round = 0; round < 20'000; ++round) {
    std::string damaged = tables[round % 2];
    for (unsigned i = 0; i < 1 + round % 8; ++i) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    damaged.resize(damaged.size() - (round % 3 == 0 ? random() % damaged.size() : 0));
    types += types_in(damaged).has_value() ? 1 : 0;
    if (const auto event = event_in_table(damaged)) {
      ++events;
      REQUIRE((event->bytes == 1 || event->bytes == 4));
      REQUIRE(event->mask != 0);
      REQUIRE(event->where.address != 0);
    }
  }
  CHECK(types > 5'000);
  CHECK(events > 5'000);
}

TEST_CASE("noise of the terms' own bytes is read within its bounds") {
  const std::array<std::string, 14> pieces = {
      "\x5B\x82", "\x5B\x80", "\x08_HID",     "\x08_S5_",      "\x12",       "\x0A",     "\xA0",
      "\x93\x7B", "\x86PWRB", "\x2E_SB_PWRB", text("PNP0C0C"), kAddressTerm, "\x2F\xFF", "\x14"};
  std::mt19937 random(2);
  for (unsigned round = 0; round < 20'000; ++round) {
    std::string noise = table("");
    while (noise.size() < 150) {
      noise += pieces[random() % pieces.size()];
      noise.push_back(static_cast<char>(random() % (round % 2 == 0 ? 256 : 100)));
    }
    static_cast<void>(types_in(noise));
    static_cast<void>(event_in_table(noise));
  }
}

}  // namespace
}  // namespace mote::acpi
