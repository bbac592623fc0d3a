// Text on a linear framebuffer, as UEFI's firmware leaves it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kernel/boot_info.hpp"

namespace mote {

class FramebufferText {
 public:
  // Maps the screen and clears it. Without one, or with one that can't be, `write` does nothing.
  void initialize(const Framebuffer& screen);

  void write(std::string_view text);

 private:
  static constexpr std::size_t kMostColumns = 128;
  static constexpr std::size_t kMostRows = 50;

  void new_line();
  void show(std::size_t row, std::size_t column, char character);
  void draw(std::size_t row, std::size_t column, char character, bool is_blank);
  void fill(std::size_t x, std::size_t y, std::size_t width, std::size_t height,
            std::uint32_t colour);

  std::uint32_t* pixels_ = nullptr;  // null: no screen
  std::size_t pixels_a_line_ = 0;
  std::size_t scale_ = 0;  // pixels of the screen, each way, for one of the font's
  std::size_t columns_ = 0;
  std::size_t rows_ = 0;
  std::size_t row_ = 0;
  std::size_t column_ = 0;
  // A copy of the text, because reading from a screen is slow; 0 is a space.
  std::array<char, kMostColumns * kMostRows> shown_{};
};

}  // namespace mote
