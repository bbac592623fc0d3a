// A short list of register windows from several sources, each window once; and parsing the form
// they have on a kernel command line.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "kernel/limits.hpp"
#include "kernel/memory/memory_map.hpp"
#include "kernel/memory/mmio_window.hpp"

namespace mote {

class MmioWindowList {
 public:
  enum class Added : std::uint8_t {
    kYes,
    kKnown,  // already has a window with this base
    kInRam,  // overlaps the machine's RAM
    kFull,
  };

  constexpr Added add(const MmioWindow& window, MemoryMap memory) {
    if (std::ranges::find(windows(), window.base, &MmioWindow::base) != windows().end()) {
      return Added::kKnown;
    }
    if (memory.touches(window.base.value, window.bytes)) {
      return Added::kInRam;
    }
    if (count_ == windows_.size()) {
      return Added::kFull;
    }
    windows_[count_++] = window;
    return Added::kYes;
  }

  [[nodiscard]] constexpr std::span<const MmioWindow> windows() const {
    return std::span(windows_).first(count_);
  }

 private:
  std::array<MmioWindow, limits::kMmioWindows> windows_{};
  std::size_t count_ = 0;
};

// Takes a number off the front of `text`, as Linux reads it: hexadecimal after 0x, octal after 0,
// else decimal.
[[nodiscard]] constexpr std::optional<std::uint64_t> take_number(std::string_view& text) {
  constexpr std::uint64_t kMost = ~std::uint64_t{0};
  std::uint64_t base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.starts_with('0')) {
    base = 8;
  }
  std::uint64_t value = 0;
  std::size_t digits = 0;
  for (; digits < text.size(); ++digits) {
    const unsigned decimal = static_cast<unsigned char>(text[digits]) - unsigned{'0'};
    // One bit tells small letters from capitals.
    const unsigned letter = (static_cast<unsigned char>(text[digits]) | 0x20u) - unsigned{'a'};
    const std::uint64_t digit = decimal < 10 ? decimal : letter < 6 ? letter + 10 : base;
    if (digit >= base) {
      break;
    }
    if (value > (kMost - digit) / base) {
      return std::nullopt;
    }
    value = value * base + digit;
  }
  text.remove_prefix(digits);
  return digits != 0 ? std::optional(value) : std::nullopt;
}

// "<size>[KMG]@<base>:<irq>[:<id>]", as Linux documents it for `virtio_mmio.device` (kernel
// parameters; drivers/virtio/virtio_mmio.c). The identifier only has to be a number.
[[nodiscard]] constexpr std::optional<MmioWindow> parse_mmio_window(std::string_view text) {
  constexpr std::string_view kUnits = "KMG";
  constexpr unsigned kUnitBits = 10;
  const auto take = [&](char expected) {
    const bool there = text.starts_with(expected);
    text.remove_prefix(there ? 1 : 0);
    return there;
  };
  auto bytes = take_number(text);
  if (bytes && !text.empty()) {
    const char letter = text.front() >= 'a' ? static_cast<char>(text.front() - 0x20) : text.front();
    if (const std::size_t unit = kUnits.find(letter); unit != kUnits.npos) {
      const auto shift = static_cast<unsigned>(unit + 1) * kUnitBits;
      bytes = *bytes <= ~std::uint64_t{0} >> shift ? std::optional(*bytes << shift) : std::nullopt;
      text.remove_prefix(1);
    }
  }
  if (!bytes || *bytes == 0 || !take('@')) {
    return std::nullopt;
  }
  const auto base = take_number(text);
  if (!base || *bytes > ~std::uint64_t{0} - *base || !take(':')) {
    return std::nullopt;
  }
  const auto interrupt = take_number(text);
  if (!interrupt || *interrupt > 0xFFFF'FFFF || (take(':') && !take_number(text)) ||
      !text.empty()) {
    return std::nullopt;
  }
  return MmioWindow{{*base}, *bytes, static_cast<std::uint32_t>(*interrupt)};
}

}  // namespace mote
