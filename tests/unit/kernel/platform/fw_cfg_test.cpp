// Tests of QEMU's fw_cfg: the directory in the layout of docs/specs/fw_cfg, and false ones.
#include "kernel/platform/fw_cfg.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "tests/unit/machine/machine.hpp"

namespace mote::fw_cfg {
namespace {

std::string big_endian(std::uint64_t value, unsigned bytes) {
  std::string text;
  for (unsigned i = bytes; i-- > 0;) {
    text += static_cast<char>(value >> 8 * i);
  }
  return text;
}

std::string entry(std::string_view name, std::uint16_t selector, std::uint32_t bytes) {
  std::string text = big_endian(bytes, 4) + big_endian(selector, 2) + big_endian(0, 2);
  text += std::string(name);
  text.resize(64);
  return text;
}

// The device: a selector of 16 bits, and a port that gives the item's bytes, and zeros after its
// end.
struct Device : FakeMachine {
  std::map<std::uint16_t, std::string> items = {{0, "QEMU"}};
  std::string selected;
  std::size_t next = 0;
  std::size_t reads = 0;

  Device() {
    on_out = [this](std::uint16_t port, unsigned bytes, std::uint32_t value) {
      CHECK((port == 0x510 && bytes == 2));
      selected = items[static_cast<std::uint16_t>(value)];
      next = 0;
    };
    on_in = [this](std::uint16_t port, unsigned bytes) -> std::uint32_t {
      CHECK((port == 0x511 && bytes == 1));
      ++reads;
      return next < selected.size() ? static_cast<unsigned char>(selected[next++]) : 0;
    };
  }
  void put_directory(std::uint32_t count, const std::string& entries) {
    items[0x19] = big_endian(count, 4) + entries;
  }
};

TEST_CASE("a file is found by its whole name, and read to its end or as far as it fits") {
  Device device;
  device.items[0x22] = "key=value";
  device.put_directory(3, entry("opt/mote/config.old", 0x21, 1) +
                              entry("opt/mote/config", 0x22, 9) + entry("opt/mote", 0x23, 7));
  const auto file = find("opt/mote/config");
  REQUIRE(file.has_value());
  CHECK((file->selector == 0x22 && file->bytes == 9));
  std::array<std::byte, 16> large{};
  const auto all = read(*file, large);
  CHECK(std::string_view(reinterpret_cast<const char*>(all.data()), all.size()) == "key=value");
  CHECK(read(*file, std::span(large).first(4)).size() == 4);
  CHECK(find("opt/mote")->selector == 0x23);
  CHECK_FALSE(find("opt/mote/conf").has_value());
  CHECK_FALSE(find("").has_value());
}

TEST_CASE("where there is no such device, nothing is searched") {
  Device device;
  device.put_directory(1, entry("a", 1, 1));
  device.items[0] = "QEMX";
  CHECK_FALSE(find("a").has_value());
  CHECK(device.reads == 4);
  device.on_in = nullptr;  // no device: all ones
  CHECK_FALSE(find("a").has_value());
}

TEST_CASE("a directory that says it has billions of entries is searched up to a bound") {
  Device device;
  device.put_directory(0xFFFF'FFFF, entry("a", 0x22, 9));
  CHECK(find("a").has_value());
  device.reads = 0;
  CHECK_FALSE(find("b").has_value());
  CHECK(device.reads == 4 + 4 + 256 * 64);
}

TEST_CASE("a name that fills its 56 bytes ends without a zero") {
  Device device;
  const std::string name(56, 'n');
  device.put_directory(1, entry(name, 0x22, 9));
  CHECK(find(name).has_value());
  CHECK_FALSE(find(name + "n").has_value());
}

TEST_CASE("a file that is shorter than it says reads as zeros, not beyond the buffer") {
  Device device;
  device.items[0x22] = "ab";
  std::array<std::byte, 4> buffer{};
  const auto read_bytes = read({.selector = 0x22, .bytes = 0xFFFF'FFFF}, buffer);
  CHECK(read_bytes.size() == 4);
  CHECK((buffer[1] == std::byte{'b'} && buffer[2] == std::byte{0}));
}

}  // namespace
}  // namespace mote::fw_cfg
