// Tests of copy, move, fill, compare and the searches, against the C library's.
#include "kernel/memory/memory.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace mote {
namespace {

std::vector<std::byte> counting(std::size_t bytes) {
  std::vector<std::byte> out(bytes);
  for (std::size_t i = 0; i < bytes; ++i) {
    out[i] = static_cast<std::byte>(i * 7 + 1);
  }
  return out;
}

TEST_CASE("copy copies every length at every alignment, and nothing more") {
  const std::vector<std::byte> source = counting(400);
  for (std::size_t offset = 0; offset < 17; ++offset) {
    for (std::size_t bytes = 0; bytes <= 300; ++bytes) {
      std::vector<std::byte> target(400);
      std::vector<std::byte> wanted(400);
      std::copy_n(source.begin() + 3, bytes, wanted.begin() + static_cast<long>(offset));
      memory::copy(target.data() + offset, source.data() + 3, bytes);
      REQUIRE(target == wanted);
    }
  }
}

TEST_CASE("move is right however the ranges overlap") {
  constexpr std::size_t kFrom = 150;
  for (std::size_t to = 0; to < 300; to += 1) {
    for (const std::size_t bytes :
         {0UZ, 1UZ, 2UZ, 3UZ, 7UZ, 8UZ, 15UZ, 16UZ, 31UZ, 33UZ, 64UZ, 65UZ, 100UZ, 129UZ, 200UZ}) {
      std::vector<std::byte> actual = counting(512);
      std::vector<std::byte> wanted = actual;
      std::memmove(wanted.data() + to, wanted.data() + kFrom, bytes);
      memory::move(actual.data() + to, actual.data() + kFrom, bytes);
      REQUIRE(actual == wanted);
    }
  }
}

TEST_CASE("fill fills every length") {
  for (std::size_t bytes = 0; bytes <= 300; ++bytes) {
    std::vector<std::byte> actual(320);
    std::vector<std::byte> wanted(320);
    std::fill_n(wanted.begin() + 5, bytes, std::byte{0xA7});
    memory::fill(actual.data() + 5, 0xA7, bytes);
    REQUIRE(actual == wanted);
  }
}

TEST_CASE("compare goes by the first byte that differs, unsigned") {
  const std::vector<std::byte> a = counting(40);
  for (std::size_t at = 0; at < a.size(); ++at) {
    std::vector<std::byte> b = a;
    CHECK(memory::compare(a.data(), b.data(), at) == 0);
    b[at] = std::byte{0xFF};
    if (b[at] != a[at]) {
      CHECK(memory::compare(a.data(), b.data(), a.size()) < 0);
      CHECK(memory::compare(b.data(), a.data(), a.size()) > 0);
    }
  }
}

TEST_CASE("texts are measured, searched and compared as C does") {
  CHECK(memory::length("") == 0);
  CHECK(memory::length("mote") == 4);
  CHECK(memory::compare_text("abc", "abd", 3) < 0);
  CHECK(memory::compare_text("abc", "abd", 2) == 0);
  CHECK(memory::compare_text("ab", "abc", SIZE_MAX) < 0);
  CHECK(memory::compare_text("\x80", "a", SIZE_MAX) > 0);
  CHECK(memory::compare_text("same", "same", SIZE_MAX) == 0);
  const std::vector<std::byte> in = counting(20);
  CHECK(memory::find(in.data(), std::to_integer<std::uint8_t>(in[9]), in.size()) == &in[9]);
  CHECK(memory::find(in.data(), 0, in.size()) == nullptr);
}

}  // namespace
}  // namespace mote
