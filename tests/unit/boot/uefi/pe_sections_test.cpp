// Tests of finding a section in a loaded image, broken ones among them.
#include "boot/uefi/pe_sections.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <random>
#include <vector>

namespace mote::uefi {
namespace {

constexpr std::array<char, 8> kPack{'.', 'p', 'a', 'c', 'k', 0, 0, 0};

// An image with two sections, of which the second is the pack.
std::vector<std::byte> image() {
  std::vector<std::byte> bytes(0x3000);
  const auto put = [&](std::size_t at, std::uint32_t value, std::size_t count) {
    std::memcpy(bytes.data() + at, &value, count);
  };
  put(0x3C, 0x80, 4);
  put(0x80, 0x4550, 4);
  put(0x80 + 6, 2, 2);     // sections
  put(0x80 + 20, 240, 2);  // bytes of the optional header
  const std::size_t table = 0x80 + 24 + 240;
  std::memcpy(bytes.data() + table, ".text\0\0\0", 8);
  put(table + 8, 0x800, 4);
  put(table + 12, 0x1000, 4);
  std::memcpy(bytes.data() + table + 40, kPack.data(), 8);
  put(table + 48, 0x900, 4);
  put(table + 52, 0x2000, 4);
  return bytes;
}

TEST_CASE("a section is found by its name, without padding") {
  const std::vector<std::byte> bytes = image();
  const auto found = find_section(bytes, kPack);
  CHECK(found.data() == bytes.data() + 0x2000);
  CHECK(found.size() == 0x900);
  CHECK(find_section(bytes, {'.', 't', 'e', 'x', 't', 0, 0, 0}).size() == 0x800);
  CHECK(find_section(bytes, {'.', 'p', 'a', 'c', 'k', 's', 0, 0}).empty());
}

TEST_CASE("headers that lead outside of the image are not followed") {
  const std::vector<std::byte> good = image();
  for (const std::size_t bytes : {0, 1, 0x3C, 0x80, 0x84, 0x1A0, 0x2000, 0x28FF}) {
    CHECK(find_section(std::span(good).first(bytes), kPack).empty());
  }
  std::mt19937 random(15);
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::byte> bad = good;
    for (int i = 0; i < 3; ++i) {
      bad[0x3C + random() % 0x200] = static_cast<std::byte>(random() % 3 == 0 ? 0xFF : random());
    }
    const auto found = find_section(bad, kPack);
    const bool is_inside =
        found.empty() ||
        (found.data() >= bad.data() && found.data() + found.size() <= bad.data() + bad.size());
    CHECK(is_inside);
  }
}

}  // namespace
}  // namespace mote::uefi
