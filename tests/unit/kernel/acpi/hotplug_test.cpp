// Tests of what a DSDT says about plugging PCI devices: terms as QEMU writes them, and broken ones.
#include "kernel/acpi/hotplug.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace mote::acpi {
namespace {

using namespace std::string_literals;

// 20.2.4, with a length in two bytes.
std::string package(const std::string& body) {
  const std::size_t bytes = body.size() + 2;
  return std::string() + static_cast<char>(0x40 | (bytes & 15)) + static_cast<char>(bytes >> 4) +
         body;
}
std::string device(const std::string& name, const std::string& body) {
  return "\x5B\x82"s + package(name + body);
}
std::string host(const std::string& body) { return "\x10"s + package("PCI0" + body); }
std::string adr(std::uint8_t device, char function = 0) {
  return "\x08_ADR\x0C"s + function + '\0' + static_cast<char>(device) + '\0';
}
std::string bsel(char number) {
  return "\x08"
         "BSEL\x0A"s +
         number;
}

std::vector<HotplugBus> buses_in(const std::string& code) {
  const std::string table = std::string(kHeaderBytes, '\0') + code;
  const std::vector<char> exact(table.begin(), table.end());
  std::vector<HotplugBus> found;
  HotplugWalk({reinterpret_cast<const std::byte*>(exact.data()), exact.size()})
      .run([&](const HotplugBus& bus) { found.push_back(bus); });
  return found;
}

std::optional<IoPort> port_in(const std::string& code) {
  const std::string table = std::string(kHeaderBytes, '\0') + code;
  return hotplug_port_of({reinterpret_cast<const std::byte*>(table.data()), table.size()});
}

TEST_CASE("the root bus and buses behind bridges have numbers") {
  const auto found =
      buses_in(host("\x08"
                    "BSEL\0"s +
                    device("S00_", adr(0)) +
                    device("S08_", adr(1, 2) + bsel(3) + device("S00_", adr(0) + bsel(4)))) +
               host(device("S18_", adr(3) + bsel(1))));
  REQUIRE(found.size() == 4);
  CHECK(found[0].depth == 0);
  CHECK(found[0].selector == 0);
  CHECK(found[1].depth == 1);
  CHECK(found[1].bridges[0] == 0x1'0002);
  CHECK(found[1].selector == 3);
  CHECK(found[2].depth == 2);
  CHECK(found[2].bridges[1] == 0);
  CHECK(found[3].depth == 1);
  CHECK(found[3].bridges[0] == 0x3'0000);
}

TEST_CASE("numbers elsewhere, without an address or too deep are none") {
  CHECK(buses_in(bsel(1)).empty());
  CHECK(buses_in(device("S08_", adr(1) + bsel(1))).empty());
  CHECK(buses_in(host(device("S08_", bsel(1)))).empty());
  std::string deep = bsel(1);
  for (int i = 0; i < 5; ++i) {
    deep = device("S08_", adr(1) + deep);
  }
  CHECK(buses_in(host(deep)).empty());
}

TEST_CASE("a table cut anywhere is read to its end only") {
  const std::string code =
      host(device("S08_", adr(1) + bsel(3) + device("S00_", adr(0) + bsel(4))));
  for (std::size_t bytes = 0; bytes < code.size(); ++bytes) {
    CHECK(buses_in(code.substr(0, bytes)).size() <= 2);
    CHECK(port_in(code.substr(0, bytes)) == std::nullopt);
  }
}

TEST_CASE("the registers' port is that of the region PCST") {
  CHECK(port_in("\x5B\x80PCST\x01\x0B\x00\xAE\x0A\x08"s) == IoPort{0xAE00});
  CHECK_FALSE(port_in("\x5B\x80PCST\x00\x0B\x00\xAE"s).has_value());  // in memory
  CHECK_FALSE(port_in("\x5B\x80PCSX\x01\x0B\x00\xAE"s).has_value());
  CHECK_FALSE(port_in("\x5B\x80PCST\x01\x0C\x00\x00\x01\x00"s).has_value());
  CHECK_FALSE(port_in("\x5B\x80PCST\x01"s).has_value());
}

}  // namespace
}  // namespace mote::acpi
