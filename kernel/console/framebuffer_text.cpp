// Drawing text on a framebuffer. Pixels are written, never read.
#include "kernel/console/framebuffer_text.hpp"

#include <algorithm>

#include "kernel/console/font.hpp"
#include "kernel/cpu/addresses.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/memory/paging.hpp"

namespace mote {
namespace {

constexpr std::uint32_t kGrey = 0x00AA'AAAA;  // the same whatever the order of colours
constexpr std::uint32_t kBlack = 0;

// A character's cell, in the font's pixels: it has a gap on the right, and one above and below.
constexpr std::size_t kCellWidth = font::kWidth + 1;
constexpr std::size_t kCellHeight = font::kHeight + 2;

// At this width the font is shown pixel by pixel; lines of 80 characters fit well.
constexpr std::uint32_t kWidthForScale = 640;

constexpr std::uint32_t kMostPixels = 16384;  // either way

// The identity map that boot/long_mode.asm makes; what lies beyond must be mapped first.
constexpr std::uint64_t kMapped = std::uint64_t{4} << 30;

std::uint64_t bytes_of(const Framebuffer& screen) {
  return std::uint64_t{screen.pixels_a_line} * screen.height * sizeof(std::uint32_t);
}

bool is_credible(const Framebuffer& screen) {
  return screen.address != 0 && screen.address % sizeof(std::uint32_t) == 0 &&
         screen.width >= kCellWidth && screen.height >= kCellHeight &&
         screen.pixels_a_line >= screen.width && screen.pixels_a_line <= kMostPixels &&
         screen.height <= kMostPixels && screen.address <= ~std::uint64_t{0} - bytes_of(screen);
}

}  // namespace

void FramebufferText::initialize(const Framebuffer& screen) {
  if (!is_credible(screen)) {
    return;
  }
  if (screen.address + bytes_of(screen) > kMapped &&
      !paging::map_device({screen.address}, bytes_of(screen))) {
    return;
  }
  pixels_ = reinterpret_cast<std::uint32_t*>(screen.address);
  pixels_a_line_ = screen.pixels_a_line;
  scale_ = std::max((screen.width + kWidthForScale / 2) / kWidthForScale, std::uint32_t{1});
  columns_ = std::clamp(screen.width / (kCellWidth * scale_), std::size_t{1}, kMostColumns);
  rows_ = std::clamp(screen.height / (kCellHeight * scale_), std::size_t{1}, kMostRows);
  memory::fill(reinterpret_cast<std::byte*>(pixels_), 0, bytes_of(screen));
}

void FramebufferText::write(std::string_view text) {
  if (pixels_ == nullptr) {
    return;
  }
  for (const char character : text) {
    if (character == '\n' || column_ == columns_) {
      new_line();
    }
    if (character != '\n') {
      show(row_, column_++, character == ' ' ? '\0' : character);
    }
  }
}

// Scrolls by several lines at once, because each time most of the screen is drawn anew.
void FramebufferText::new_line() {
  column_ = 0;
  if (++row_ < rows_) {
    return;
  }
  const std::size_t lines = std::max(rows_ / 4, std::size_t{1});
  row_ = rows_ - lines;
  for (std::size_t row = 0; row < rows_; ++row) {
    for (std::size_t column = 0; column < columns_; ++column) {
      const std::size_t below = row + lines;
      show(row, column, below < rows_ ? shown_[below * columns_ + column] : '\0');
    }
  }
}

void FramebufferText::show(std::size_t row, std::size_t column, char character) {
  char& shown = shown_[row * columns_ + column];
  if (shown != character) {
    draw(row, column, character, shown == '\0');
    shown = character;
  }
}

void FramebufferText::draw(std::size_t row, std::size_t column, char character, bool is_blank) {
  const std::size_t left = column * kCellWidth * scale_;
  const std::size_t top = row * kCellHeight * scale_;
  if (!is_blank) {
    fill(left, top, kCellWidth * scale_, kCellHeight * scale_, kBlack);
  }
  if (character == '\0') {
    return;
  }
  const font::Glyph& glyph = font::glyph_of(character);
  for (std::size_t y = 0; y < font::kHeight; ++y) {
    for (std::size_t x = 0; x < font::kWidth; ++x) {
      if ((glyph[y] >> (font::kWidth - 1 - x) & 1) != 0) {
        fill(left + x * scale_, top + (y + 1) * scale_, scale_, scale_, kGrey);
      }
    }
  }
}

void FramebufferText::fill(std::size_t x, std::size_t y, std::size_t width, std::size_t height,
                           std::uint32_t colour) {
  for (std::size_t line = y; line < y + height; ++line) {
    std::uint32_t* const first = pixels_ + line * pixels_a_line_ + x;
    for (std::size_t i = 0; i < width; ++i) {
      first[i] = colour;
    }
  }
}

}  // namespace mote
