// Tests of kernel/acpi/aml.hpp: devices' memory windows, from real tables, made ones and noise.
#include "kernel/acpi/aml.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/kernel/acpi/aml_terms.hpp"
#include "tests/unit/kernel/acpi/microvm_dsdt.hpp"

namespace mote::acpi {
namespace {

using Windows = std::vector<MmioWindow>;
constexpr std::string_view kVirtio = "LNRO0005";

// A copy in memory of exactly its size, so that the sanitizer sees any access outside.
Windows windows_in(const std::string& table, std::string_view hid = kVirtio) {
  const std::vector<char> exact(table.begin(), table.end());
  Windows windows;
  each_device_window(std::as_bytes(std::span(exact)), hid,
                     [&](const MmioWindow& window) { windows.push_back(window); });
  return windows;
}

std::string microvm() {
  return {reinterpret_cast<const char*>(kMicrovmDsdt), sizeof(kMicrovmDsdt)};
}

std::string device(const std::string& contents, unsigned more = 1) {
  return "\x5B\x82" + packed("VIO0" + contents, more);
}
std::string resources(const std::string& descriptors, unsigned more = 1) {
  const std::string all = descriptors + bytes_of({0x79, 0});
  return "\x11" + packed("\x0B" + number(static_cast<std::uint16_t>(all.size())) + all, more);
}
std::string fixed(std::uint32_t base, std::uint32_t bytes) {
  return bytes_of({0x86, 9, 0, 1}) + number(base) + number(bytes);
}
// An address space descriptor of this type; `T` gives its width.
template <typename T>
std::string address_space(unsigned tag, unsigned type, T base, T added, T bytes) {
  const bool extended = tag == 0x8B;
  const std::string fields = number(T{0}) + number(base) +
                             number(static_cast<T>(base + bytes - 1)) + number(added) +
                             number(bytes) + (extended ? number(T{0}) : "");
  const std::string head = bytes_of({type, 0x0C, 0x01}) + (extended ? bytes_of({1, 0}) : "");
  return bytes_of({tag}) + number(static_cast<std::uint16_t>(head.size() + fields.size())) + head +
         fields;
}
std::string virtio(const std::string& descriptors) {
  return device(name("_HID", text(kVirtio)) + name("_CRS", resources(descriptors)));
}

constexpr MmioWindow kWindow{{0xD000'0000}, 0x1000};
const std::string kFixed = fixed(0xD000'0000, 0x1000);

TEST_CASE("QEMU's microvm: two devices among others") {
  CHECK(windows_in(microvm()) == Windows{{{0xFEB0'2E00}, 512, 47}, {{0xFEB0'2C00}, 512, 46}});
  CHECK(windows_in(microvm(), "ACPI0013").empty());  // has only an interrupt
  CHECK(windows_in(microvm(), "LNRO000").empty());
  CHECK(windows_in(microvm(), "LNRO00055").empty());
}

TEST_CASE("Firecracker's terms: a byte for small integers, an interrupt after the memory") {
  const std::string interrupt = bytes_of({0x89, 6, 0, 3, 1, 5, 0, 0, 0});
  const std::string crs = kFixed + interrupt + bytes_of({0x79, 0});
  const std::string code =
      "\x5B\x82" +
      packed("V000" + name("_HID", text(kVirtio)) +
                 name("_UID", "\x0C" + number(std::uint32_t{0})) + name("_CCA", "\x01") +
                 name("_CRS", "\x11" + packed("\x0A" + bytes_of({23}) + crs, 0)),
             1);
  const MmioWindow expected{kWindow.base, kWindow.bytes, 5};
  CHECK(windows_in(table(code)) == Windows{expected});
  CHECK(windows_in(table("\x10" + packed("\\_SB_" + code))) == Windows{expected});
}

TEST_CASE("every descriptor of memory is understood") {
  const std::string range = bytes_of({0x85, 17, 0, 1}) + number(0xD000'0000U) +
                            number(0xD000'0000U) + number(0U) + number(0x1000U);
  const std::uint64_t high = 0x40'0000'0000;
  const std::array<std::pair<std::string, MmioWindow>, 6> cases = {{
      {kFixed, kWindow},
      {range, kWindow},
      {address_space<std::uint32_t>(0x87, 0, 0xC000'0000, 0x1000'0000, 0x1000), kWindow},
      {address_space<std::uint64_t>(0x8A, 0, high, 0, 0x200), {{high}, 0x200}},
      {address_space<std::uint64_t>(0x8B, 0, high, 0x1000, 0x200), {{high + 0x1000}, 0x200}},
      // Ports, bus numbers and small descriptors come first.
      {bytes_of({0x47, 1, 0xF8, 3, 0xF8, 3, 0, 8, 0x22, 0x10, 0}) +
           address_space<std::uint32_t>(0x87, 1, 0x1000, 0, 0x10) +
           address_space<std::uint16_t>(0x88, 2, 0, 0, 0x100) + kFixed,
       kWindow},
  }};
  for (const auto& [descriptors, window] : cases) {
    CHECK(windows_in(table(virtio(descriptors))) == Windows{window});
  }
}

TEST_CASE("senseless descriptors give nothing") {
  const std::uint64_t last = ~std::uint64_t{0};
  for (const std::string& descriptors :
       {std::string(), fixed(0, 0x1000), fixed(0xD000'0000, 0), "\x86\x08" + kFixed.substr(2, 9),
        bytes_of({0x79, 0}) + kFixed, bytes_of({0x86, 0xFF, 0xFF, 1}), bytes_of({0x86, 0, 0}),
        address_space<std::uint64_t>(0x8A, 0, last, 0, 0x1000),
        address_space<std::uint64_t>(0x8A, 0, 0x1000, last, last)}) {
    CHECK(windows_in(table(virtio(descriptors))).empty());
  }
}

TEST_CASE("lengths are checked against the bytes that there are") {
  const std::string hid = name("_HID", text(kVirtio));
  // A buffer that claims to be larger than its package, or smaller.
  const auto crs = [](unsigned size) {
    return name("_CRS", "\x11" + packed("\x0A" + bytes_of({size}) + kFixed, 0));
  };
  CHECK(windows_in(table(device(hid + crs(255)))) == Windows{kWindow});
  CHECK(windows_in(table(device(hid + crs(11)))).empty());
  // A package that runs past its device's end; a device that runs past the table's.
  const std::string whole = table(virtio(kFixed));
  CHECK(windows_in(whole).size() == 1);
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    CHECK(windows_in(whole.substr(0, bytes)).empty());
  }
  for (unsigned more = 0; more <= 3; ++more) {
    const std::string body = hid + name("_CRS", resources(kFixed, more));
    CHECK(windows_in(table(device(body, more))) == Windows{kWindow});
  }
}

TEST_CASE("a package's length takes one to four bytes") {
  // 20.2.4: the first byte's upper bits say how many bytes follow; if any do, its lower four are
  // the length's lowest.
  const std::string code(0x12345, '\0');
  const auto length_of = [&](std::initializer_list<unsigned> lead) {
    std::string bytes = code;
    bytes.replace(0, lead.size(), bytes_of(lead));
    const auto package = package_at(std::as_bytes(std::span(bytes)), 0);
    CHECK((!package || package->begin == lead.size()));
    return package ? package->end : 0;
  };
  CHECK(length_of({0x3F}) == 0x3F);
  CHECK(length_of({0x01}) == 1);
  CHECK(length_of({0x45, 0x34}) == 0x345);
  CHECK(length_of({0x85, 0x34, 0x12}) == 0x12345);
  CHECK(length_of({0xC5, 0x34, 0x12, 0x00}) == 0x12345);
  CHECK(length_of({0x86, 0x34, 0x12}) == 0);        // runs past the code's end
  CHECK(length_of({0xC5, 0x34, 0x12, 0x01}) == 0);  // far past it
  CHECK(length_of({0x00}) == 0);
  CHECK(length_of({0x42, 0x00}) == 2);
  CHECK(length_of({0x41, 0x00}) == 0);  // shorter than itself
}

TEST_CASE("a string that runs past its table's end doesn't count") {
  const std::string crs = name("_CRS", resources(kFixed));
  for (std::size_t bytes = 0; bytes < text(kVirtio).size(); ++bytes) {
    CHECK(windows_in(table(device(crs + name("_HID", text(kVirtio).substr(0, bytes))))).empty());
  }
  CHECK(windows_in(table(device(crs + name("_HID", text(kVirtio))))) == Windows{kWindow});
}

TEST_CASE("names belong to the device that contains them") {
  const std::string hid = name("_HID", text(kVirtio));
  const std::string other = name("_HID", text("PNP0A06"));
  const std::string crs = name("_CRS", resources(kFixed));
  CHECK(windows_in(table(device(hid) + device(crs))).empty());
  CHECK(windows_in(table(device(hid + device(other + crs)))).empty());
  CHECK(windows_in(table(device(other + device(hid + crs)))) == Windows{kWindow});
  CHECK(windows_in(table(device(other + device(hid + crs) + crs))) == Windows{kWindow});
  CHECK(windows_in(table(device(device(other) + crs + hid))) == Windows{kWindow});
  CHECK(windows_in(table(device(other + crs))).empty());
}

TEST_CASE("names are looked for in a device's first bytes only") {
  const std::string hid = name("_HID", text(kVirtio));
  const std::string crs = name("_CRS", resources(kFixed));
  CHECK(windows_in(table(device(hid + std::string(900, '\xA3') + crs, 2))).size() == 1);
  CHECK(windows_in(table(device(hid + std::string(2000, '\xA3') + crs, 2))).empty());
}

TEST_CASE("tables of random damage are read within their bounds") {
  std::mt19937 random(1);
  std::size_t found = 0;
  for (unsigned round = 0; round < 20'000; ++round) {
    std::string damaged = microvm();
    for (unsigned i = 0; i < 1 + round % 8; ++i) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    damaged.resize(damaged.size() - (round % 3 == 0 ? random() % damaged.size() : 0));
    found += windows_in(damaged).size();
  }
  CHECK(found > 20'000);  // most damage does no harm
}

TEST_CASE("noise of the terms' own bytes is read within its bounds") {
  const std::array<std::string, 12> pieces = {
      "\x5B\x82", "\x08_HID", "\x08_CRS", text(kVirtio), "\x11", "\x0A",
      "\x0E",     kFixed,     "\x0D",     "\x86",        "VIO0", bytes_of({0xCF, 0xFF})};
  std::mt19937 random(2);
  for (unsigned round = 0; round < 20'000; ++round) {
    std::string noise = table("");
    while (noise.size() < 120) {
      noise += pieces[random() % pieces.size()];
      noise.push_back(static_cast<char>(random() % (round % 2 == 0 ? 256 : 100)));
    }
    for (const MmioWindow& window : windows_in(noise)) {
      REQUIRE(window.bytes != 0);
      REQUIRE(window.base.value + window.bytes > window.base.value);
    }
  }
}

TEST_CASE("a device's first interrupt comes with its window, in whatever order") {
  const std::string interrupt = bytes_of({0x89, 6, 0, 1, 1}) + number(std::uint32_t{17});
  const std::string other =
      bytes_of({0x89, 10, 0, 1, 2}) + number(std::uint32_t{18}) + number(std::uint32_t{19});
  const std::string memory = fixed(0xD000'0000, 0x1000);
  MmioWindow expected = kWindow;
  expected.interrupt = 17;
  CHECK(windows_in(table(virtio(memory + interrupt))) == Windows{expected});
  CHECK(windows_in(table(virtio(interrupt + memory + other))) == Windows{expected});
  expected.interrupt = 18;
  CHECK(windows_in(table(virtio(other + memory + interrupt))) == Windows{expected});
  // Without an interrupt, or cut short.
  CHECK(windows_in(table(virtio(bytes_of({0x89, 2, 0, 1, 0}) + memory))) == Windows{kWindow});
  CHECK(windows_in(table(virtio(bytes_of({0x89, 2, 0, 1, 1}) + memory))) == Windows{kWindow});
}

}  // namespace
}  // namespace mote::acpi
