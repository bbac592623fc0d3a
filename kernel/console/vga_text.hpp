// The VGA's text screen of 80 by 25 characters.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mote {

class VgaText {
 public:
  // Clears the screen if there is a VGA in text mode; otherwise `write` does nothing.
  void initialize();

  void write(std::string_view text);

 private:
  static constexpr std::size_t kColumns = 80;
  static constexpr std::size_t kRows = 25;

  void new_line();
  void show(std::size_t cell, char character);

  bool there_ = false;
  std::size_t row_ = 0;
  std::size_t column_ = 0;
  // A copy of the screen, so that scrolling reads nothing from the device and writes only the cells
  // that change: each access costs an exit in a virtual machine.
  std::array<char, kColumns * kRows> shown_{};
};

}  // namespace mote
