// VGA text output (IBM VGA/XGA technical reference: graphics controller, CRT controller).
#include "kernel/console/vga_text.hpp"

#include "kernel/cpu/addresses.hpp"
#include "kernel/cpu/mmio.hpp"
#include "kernel/cpu/port_io.hpp"

namespace mote {
namespace {

constexpr PhysicalAddress kScreen{0xB8000};
constexpr IoPort kGraphicsIndex{0x3CE};
constexpr IoPort kGraphicsData{0x3CF};
constexpr IoPort kMiscellaneousRead{0x3CC};
constexpr IoPort kCrtIndex{0x3D4};
constexpr IoPort kCrtData{0x3D5};

constexpr std::uint8_t kMiscellaneousGraphics = 6;  // graphics controller's register
constexpr std::uint8_t kMemoryMapAndMode = 0x0D;    // its bits 3:2 and 0
constexpr std::uint8_t kTextAtB8000 = 0x0C;
constexpr std::uint8_t kColourPorts = 0x01;
constexpr std::uint8_t kHorizontalDisplayEnd = 1;  // CRT controller's registers
constexpr std::uint8_t kCursorStart = 0x0A;
constexpr std::uint8_t kCursorOff = 0x20;

constexpr std::uint16_t kAttribute = 0x0700;  // light grey on black

std::uint8_t indexed(IoPort index, IoPort data, std::uint8_t which) {
  port::out8(index, which);
  return port::in8(data);
}

PhysicalAddress address_of(std::size_t cell) { return kScreen + 2 * cell; }

// Registers of an absent VGA read as FFh, which is no text mode. In graphics modes set by UEFI or
// the VESA BIOS, the memory at B8000h is not the screen.
bool shows_text(std::size_t columns) {
  const std::uint8_t mode = indexed(kGraphicsIndex, kGraphicsData, kMiscellaneousGraphics);
  if ((mode & kMemoryMapAndMode) != kTextAtB8000 ||
      (port::in8(kMiscellaneousRead) & kColourPorts) == 0 ||
      indexed(kCrtIndex, kCrtData, kHorizontalDisplayEnd) != columns - 1) {
    return false;
  }
  constexpr std::uint16_t kPattern = kAttribute | 'M';
  mmio::write16(kScreen, kPattern);
  return mmio::read16(kScreen) == kPattern;
}

}  // namespace

void VgaText::initialize() {
  there_ = shows_text(kColumns);
  if (!there_) {
    return;
  }
  port::out8(kCrtIndex, kCursorStart);
  port::out8(kCrtData, kCursorOff);
  for (std::size_t cell = 0; cell < shown_.size(); ++cell) {
    show(cell, ' ');
  }
}

void VgaText::write(std::string_view text) {
  if (!there_) {
    return;
  }
  for (const char character : text) {
    if (character == '\n' || column_ == kColumns) {
      new_line();
    }
    if (character != '\n') {
      show(row_ * kColumns + column_++, character);
    }
  }
}

void VgaText::new_line() {
  column_ = 0;
  if (row_ + 1 < kRows) {
    ++row_;
    return;
  }
  for (std::size_t cell = 0; cell < shown_.size(); ++cell) {
    const std::size_t below = cell + kColumns;
    show(cell, below < shown_.size() ? shown_[below] : ' ');
  }
}

void VgaText::show(std::size_t cell, char character) {
  if (shown_[cell] != character) {
    shown_[cell] = character;
    mmio::write16(address_of(cell), kAttribute | static_cast<std::uint8_t>(character));
  }
}

}  // namespace mote
