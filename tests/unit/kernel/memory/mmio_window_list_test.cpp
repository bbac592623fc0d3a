// Tests of kernel/memory/mmio_window_list.hpp: parsing windows on the command line, and listing
// each window once.
#include "kernel/memory/mmio_window_list.hpp"

#include <doctest/doctest.h>

#include <array>
#include <random>
#include <string>
#include <string_view>

#include "kernel/limits.hpp"

namespace mote {
namespace {

using Added = MmioWindowList::Added;
using namespace std::string_view_literals;

constexpr MemoryMap kNoMemory{std::span<const MemoryRange>()};

TEST_CASE("a window as Linux writes it") {
  CHECK(parse_mmio_window("512@0xfeb02e00:12") == MmioWindow{{0xFEB0'2E00}, 512, 12});
  CHECK(parse_mmio_window("4K@0xd0000000:5") == MmioWindow{{0xD000'0000}, 4096, 5});
  CHECK(parse_mmio_window("4k@0XD0000000:5:0") == MmioWindow{{0xD000'0000}, 4096, 5});
  CHECK(parse_mmio_window("0x200@4096:0x10:7") == MmioWindow{{4096}, 512, 16});
  CHECK(parse_mmio_window("0X2fA@0xffffffffABCDEF00:9") ==
        MmioWindow{{0xFFFF'FFFF'ABCD'EF00}, 0x2FA, 9});
  CHECK(parse_mmio_window("1@18446744073709551614:1") == MmioWindow{{0xFFFF'FFFF'FFFF'FFFE}, 1, 1});
  CHECK(parse_mmio_window("01000@0400:1") == MmioWindow{{256}, 512, 1});
  CHECK(parse_mmio_window("2M@0x100000000:1") == MmioWindow{{0x1'0000'0000}, 2 << 20, 1});
  CHECK(parse_mmio_window("1G@0:0xffffffff") == MmioWindow{{0}, 1 << 30, 0xFFFF'FFFF});
}

TEST_CASE("text that is not entirely such a window is refused") {
  for (const std::string_view text : {""sv,
                                      "512"sv,
                                      "512@"sv,
                                      "512@0xfeb00000"sv,
                                      "512@0xfeb00000:"sv,
                                      "@0xfeb00000:5"sv,
                                      "0@0xfeb00000:5"sv,
                                      "512@:5"sv,
                                      "512@0x:5"sv,
                                      "512@0xfeb00000:5:"sv,
                                      "512@0xfeb00000:5:x"sv,
                                      "512@0xfeb00000:5 "sv,
                                      "512@0xfeb00000:5:1:2"sv,
                                      "-512@0xfeb00000:5"sv,
                                      "512@-1:5"sv,
                                      "512T@0xfeb00000:5"sv,
                                      "512KK@0xfeb00000:5"sv,
                                      "512@0xffffffffffffffff:5"sv,
                                      "1@18446744073709551616:5"sv,
                                      "1@0x10000000000000000:5"sv,
                                      "1@99999999999999999999:5"sv,
                                      "0x1ffffffffffffffff@0:5"sv,
                                      "0x40000000001G@0:5"sv,
                                      "512@0xfeb0000g:5"sv,
                                      "08@0:5"sv,
                                      "512@0:0x100000000"sv}) {
    CAPTURE(text);
    CHECK_FALSE(parse_mmio_window(text).has_value());
  }
}

TEST_CASE("noise is refused or gives a window that doesn't wrap") {
  constexpr std::string_view kLetters = "0123456789abfxXKMGkmg@::@ -";
  std::mt19937 random(1);
  for (unsigned round = 0; round < 20'000; ++round) {
    std::string text = round % 2 == 0 ? "512@0xfeb02e00:12:3" : "";
    text.resize(text.size() + random() % 8, '0');
    for (unsigned i = 0; i < 3 && !text.empty(); ++i) {
      text[random() % text.size()] = kLetters[random() % kLetters.size()];
    }
    if (const auto window = parse_mmio_window(text)) {
      REQUIRE(window->bytes != 0);
      REQUIRE(window->base.value + window->bytes > window->base.value);
    }
  }
}

TEST_CASE("each base counts once, whatever its source and size") {
  MmioWindowList list;
  CHECK(list.add({{0xFEB0'2E00}, 512}, kNoMemory) == Added::kYes);
  CHECK(list.add({{0xFEB0'2C00}, 512}, kNoMemory) == Added::kYes);
  CHECK(list.add({{0xFEB0'2E00}, 4096}, kNoMemory) == Added::kKnown);
  REQUIRE(list.windows().size() == 2);
  CHECK(list.windows()[0] == MmioWindow{{0xFEB0'2E00}, 512});
}

TEST_CASE("a window in the machine's RAM is refused") {
  constexpr std::array<MemoryRange, 3> kRanges = {{{0, 0xA0000, MemoryRange::kUsableRam, 0},
                                                   {0x10'0000, 0x70'0000, 1, 0},
                                                   {0xE0'0000, 0x1000, 2, 0}}};
  const MemoryMap memory{kRanges};
  MmioWindowList list;
  CHECK(list.add({{0}, 512}, memory) == Added::kInRam);
  CHECK(list.add({{0x7F'FE00}, 512}, memory) == Added::kInRam);
  CHECK(list.add({{0xF'FFFF}, 2}, memory) == Added::kInRam);
  CHECK(list.add({{0xF'FFFF}, ~std::uint64_t{0} >> 1}, memory) == Added::kInRam);
  CHECK(list.windows().empty());
  CHECK(list.add({{0xF'FE00}, 512}, memory) == Added::kYes);
  CHECK(list.add({{0x80'0000}, 512}, memory) == Added::kYes);
  CHECK(list.add({{0xE0'0000}, 512}, memory) == Added::kYes);
}

TEST_CASE("a full list refuses windows") {
  MmioWindowList list;
  for (std::uint64_t i = 0; i < limits::kMmioWindows; ++i) {
    CHECK(list.add({{0xFEB0'0000 + i * 512}, 512}, kNoMemory) == Added::kYes);
  }
  CHECK(list.add({{0xD000'0000}, 512}, kNoMemory) == Added::kFull);
  CHECK(list.add({{0xFEB0'0000}, 512}, kNoMemory) == Added::kKnown);
  CHECK(list.windows().size() == limits::kMmioWindows);
}

}  // namespace
}  // namespace mote
