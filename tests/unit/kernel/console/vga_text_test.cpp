// Tests of the text screen: its detection, its contents, and how few cells are written.
#include "kernel/console/vga_text.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "tests/unit/machine/machine.hpp"

namespace mote {
namespace {

constexpr std::uint64_t kScreen = 0xB8000;

// A VGA in mode 3, 80 by 25 characters, with the BIOS's output still on the screen.
struct Vga : FakeMachine {
  std::uint8_t graphics = 0x0E;       // graphics controller's register 6: B8000h, odd and even
  std::uint8_t miscellaneous = 0x67;  // colour ports
  std::uint8_t display_end = 79;      // CRT controller's register 1
  std::map<std::uint16_t, std::uint32_t> index;

  Vga() {
    windows = {{kScreen, kScreen + 80 * 25 * 2}};
    for (std::uint64_t at = kScreen; at < windows[0].end; at += 2) {
      memory[at] = 0x0700 | 'B';
    }
    on_out = [this](std::uint16_t port, unsigned, std::uint32_t value) { index[port] = value; };
    on_in = [this](std::uint16_t port, unsigned) -> std::uint32_t {
      return port == 0x3CF && index[0x3CE] == 6   ? graphics
             : port == 0x3CC                      ? miscellaneous
             : port == 0x3D5 && index[0x3D4] == 1 ? display_end
                                                  : 0xFF;
    };
  }
  [[nodiscard]] std::string row(std::size_t row) const {
    std::string text;
    for (std::size_t column = 0; column < 80; ++column) {
      const std::uint64_t cell = memory.at(kScreen + 2 * (80 * row + column));
      CHECK((cell & 0xFF00) == 0x0700);
      text += static_cast<char>(cell);
    }
    return text.substr(0, text.find_last_not_of(' ') + 1);
  }
};

TEST_CASE("a text screen is cleared, its cursor hidden, and shows written text") {
  Vga vga;
  VgaText screen;
  screen.initialize();
  CHECK(vga.row(0).empty());
  CHECK(vga.row(24).empty());
  CHECK(vga.writes[2] == Vga::write16(kScreen, 0x0700 | 'M'));  // probes for memory
  CHECK(vga.writes[3] == Vga::out8(0x3D4, 0x0A));
  CHECK(vga.writes[4] == Vga::out8(0x3D5, 0x20));
  screen.write("mote\nready");
  CHECK(vga.row(0) == "mote");
  CHECK(vga.row(1) == "ready");
}

TEST_CASE("80 characters fill a line, and neither a newline nor a wrap makes an empty one") {
  Vga vga;
  VgaText screen;
  screen.initialize();
  const std::string full(80, 'x');
  screen.write(full + "\n" + full + "y\n");
  CHECK(vga.row(0) == full);
  CHECK(vga.row(1) == full);
  CHECK(vga.row(2) == "y");
}

TEST_CASE("a full screen scrolls, and only cells that change are written") {
  Vga vga;
  VgaText screen;
  screen.initialize();
  for (unsigned i = 0; i < 25; ++i) {
    screen.write(std::string(1, static_cast<char>('a' + i)) + "same" + (i == 24 ? "" : "\n"));
  }
  vga.writes.clear();
  screen.write("\nzsame");
  CHECK(vga.row(0) == "bsame");
  CHECK(vga.row(23) == "ysame");
  CHECK(vga.row(24) == "zsame");
  // A letter in each of 24 lines; the last one is blanked and written anew.
  CHECK(vga.writes.size() == 24 + 5 + 5);
}

TEST_CASE("anything but a text screen of 80 columns is left alone") {
  struct Case {
    std::uint8_t graphics, miscellaneous, display_end;
    bool keeps;
  };
  for (const Case& each : {Case{0xFF, 0xFF, 0xFF, true},    // no VGA
                           Case{0x05, 0x67, 79, true},      // graphics at A0000h
                           Case{0x0E, 0x66, 79, true},      // monochrome, at B0000h
                           Case{0x0E, 0x67, 39, true},      // 40 columns
                           Case{0x0E, 0x67, 79, false}}) {  // no memory at the address
    Vga vga;
    vga.graphics = each.graphics;
    vga.miscellaneous = each.miscellaneous;
    vga.display_end = each.display_end;
    if (!each.keeps) {
      vga.on_read = [](std::uint64_t, unsigned) { return 0xFFFF; };
    }
    VgaText screen;
    screen.initialize();
    vga.writes.clear();
    screen.write("text");
    CHECK(vga.writes.empty());
  }
}

}  // namespace
}  // namespace mote
