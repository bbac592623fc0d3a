// Tests of text on a framebuffer: what is drawn, where lines go, and that no pixel outside of the
// screen is touched.
#include "kernel/console/framebuffer_text.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "kernel/console/font.hpp"
#include "kernel/cpu/addresses.hpp"
#include "tests/unit/kernel/fake_paging.hpp"

namespace mote {
namespace {

constexpr std::uint32_t kGrey = 0x00AA'AAAA;
constexpr std::uint32_t kOld = 0x0012'3456;  // what the firmware has left on the screen

// A screen whose memory is just as long as it must be, so that the sanitizer sees what lies beyond.
struct Screen {
  std::uint32_t width;
  std::uint32_t height;
  std::uint32_t pixels_a_line = width;
  std::vector<std::uint32_t> memory =
      std::vector<std::uint32_t>(std::size_t{pixels_a_line} * height, kOld);
  FramebufferText text{};

  [[nodiscard]] Framebuffer framebuffer() const {
    return {physical(memory.data()).value, width, height, pixels_a_line, 0};
  }
  void begin() {
    paging::fake() = {};
    text.initialize(framebuffer());
  }
  // A part of the screen, a line a row, `#` for each lit pixel.
  [[nodiscard]] std::vector<std::string> part(std::size_t left, std::size_t top,
                                              std::size_t columns, std::size_t rows) const {
    std::vector<std::string> lines;
    for (std::size_t y = top; y < top + rows; ++y) {
      std::string line;
      for (std::size_t x = left; x < left + columns; ++x) {
        const std::uint32_t pixel = memory[y * pixels_a_line + x];
        CHECK((pixel == kGrey || pixel == 0));
        line += pixel == kGrey ? '#' : '.';
      }
      lines.push_back(line);
    }
    return lines;
  }
  // The text in a row of cells, decoded by the font.
  [[nodiscard]] std::string row(std::size_t row, std::size_t columns, std::size_t scale = 1) const {
    std::string decoded;
    for (std::size_t column = 0; column < columns; ++column) {
      font::Glyph glyph{};
      for (std::size_t y = 0; y < font::kHeight; ++y) {
        for (std::size_t x = 0; x < font::kWidth; ++x) {
          const std::size_t at =
              (row * 10 + 1 + y) * scale * pixels_a_line + (column * 6 + x) * scale;
          glyph[y] = static_cast<std::uint8_t>(glyph[y] << 1 | (memory[at] == kGrey ? 1 : 0));
        }
      }
      const auto* const found = std::ranges::find(font::kAll, glyph);
      decoded +=
          found == font::kAll.end() ? '?' : static_cast<char>(' ' + (found - font::kAll.begin()));
    }
    return decoded.substr(0, decoded.find_last_not_of(' ') + 1);
  }
};

TEST_CASE("every character has a glyph of its own, and only the space is blank") {
  std::set<font::Glyph> seen;
  for (char c = ' '; c <= '~'; ++c) {
    CAPTURE(c);
    CHECK(seen.insert(font::glyph_of(c)).second);
    CHECK((font::glyph_of(c) == font::Glyph{}) == (c == ' '));
    for (const std::uint8_t row : font::glyph_of(c)) {
      CHECK(row < 1U << font::kWidth);
    }
  }
  for (const char other : {'\0', '\t', '\x7F', '\xE4', '\xFF'}) {
    CHECK(font::glyph_of(other) == font::kAll.back());
  }
  CHECK(seen.insert(font::kAll.back()).second);
}

TEST_CASE("text is drawn pixel by pixel on a small screen") {
  Screen screen{640, 480};
  screen.begin();
  screen.text.write("\nAg");
  CHECK(screen.part(0, 0, 640, 10) == std::vector<std::string>(10, std::string(640, '.')));
  CHECK(screen.part(0, 10, 13, 10) == std::vector<std::string>{".............",  //
                                                               "..#..........",  //
                                                               ".#.#.........",  //
                                                               "#...#..####..",  //
                                                               "#...#.#...#..",  //
                                                               "#####.#...#..",  //
                                                               "#...#..####..",  //
                                                               "#...#.....#..",  //
                                                               ".......###...",  //
                                                               "............."});
  CHECK(paging::fake().mapped.size() == 1);  // for it lies above 4 GiB
}

TEST_CASE("a large screen shows each pixel of the font as a square") {
  Screen screen{1280, 800, 1300};
  screen.begin();
  screen.text.write("'");
  const std::vector<std::string> drawn = screen.part(0, 0, 12, 20);
  CHECK(drawn[1] == "............");
  CHECK(drawn[2] == "....##......");
  CHECK(drawn[5] == "....##......");
  CHECK(drawn[6] == "..##........");
  CHECK(drawn[7] == "..##........");
  CHECK(drawn[8] == "............");
  screen.text.write(std::string(106, 'x') + "\nready");
  CHECK(screen.row(0, 106, 2) == "'" + std::string(105, 'x'));
  CHECK(screen.row(1, 106, 2) == "x");
  CHECK(screen.row(2, 106, 2) == "ready");
}

TEST_CASE("a full screen scrolls, and characters that went leave nothing behind") {
  Screen screen{60, 80};  // ten columns, eight rows
  screen.begin();
  for (int i = 0; i < 8; ++i) {
    screen.text.write("line " + std::to_string(i) + " W\n");
  }
  CHECK(screen.row(0, 10) == "line 2 W");
  CHECK(screen.row(5, 10) == "line 7 W");
  CHECK(screen.row(6, 10).empty());
  CHECK(screen.row(7, 10).empty());
  screen.text.write("end\n1\n2\n3");
  CHECK(screen.row(0, 10) == "line 4 W");
  CHECK(screen.row(3, 10) == "line 7 W");
  CHECK(screen.row(4, 10) == "end");
  CHECK(screen.row(7, 10) == "3");
}

TEST_CASE("screens of any size are written to within their memory") {
  for (const auto& [width, height, line] : {std::array{6U, 10U, 6U},
                                            {7U, 11U, 9U},
                                            {959U, 100U, 959U},
                                            {200U, 1000U, 201U},
                                            {1921U, 61U, 2048U},
                                            {3840U, 61U, 3840U}}) {
    Screen screen{width, height, line};
    screen.begin();
    for (int i = 0; i < 120; ++i) {
      screen.text.write(std::string(static_cast<std::size_t>(i), static_cast<char>('!' + i % 94)));
      screen.text.write("\n");
    }
    CHECK(std::ranges::count(screen.memory, kOld) == 0);
  }
}

TEST_CASE("a screen that can't be is left alone") {
  Screen good{640, 480};
  const auto leaves = [&](auto&& change, bool can_map = true) {
    Framebuffer bad = good.framebuffer();
    change(bad);
    paging::fake() = {};
    paging::fake().can_map = can_map;
    FramebufferText text;
    text.initialize(bad);
    text.write("x");
    return std::ranges::count(good.memory, kOld) == std::ssize(good.memory);
  };
  CHECK(leaves([](Framebuffer& bad) { bad = {}; }));
  CHECK(leaves([](Framebuffer& bad) { bad.address += 1; }));
  CHECK(leaves([](Framebuffer& bad) { bad.address = ~std::uint64_t{0} - 3; }));
  CHECK(leaves([](Framebuffer& bad) { bad.width = 5; }));
  CHECK(leaves([](Framebuffer& bad) { bad.height = 9; }));
  CHECK(leaves([](Framebuffer& bad) { bad.height = 20'000; }));
  CHECK(leaves([](Framebuffer& bad) { bad.pixels_a_line = 639; }));
  CHECK(leaves([](Framebuffer& bad) { bad.pixels_a_line = 20'000; }));
  CHECK(leaves([](Framebuffer&) {}, false));
  CHECK_FALSE(leaves([](Framebuffer&) {}));
}

}  // namespace
}  // namespace mote
