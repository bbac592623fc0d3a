// Load options as the kernel's command line (UEFI 2.10, 9.1: they may be anything; shells, boot
// managers and QEMU's -append give UCS-2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mote::uefi {

// Writes the options as ASCII and a zero to `line`, as far as they fit, and returns how many
// characters those are. Characters beyond ASCII become question marks. None: they are no text.
[[nodiscard]] inline std::size_t command_line_of(std::span<const std::byte> options,
                                                 std::span<char> line) {
  std::size_t count = 0;
  for (std::size_t at = 0; at + 1 < options.size() && count + 1 < line.size(); at += 2) {
    const unsigned unit =
        std::to_integer<unsigned>(options[at]) | std::to_integer<unsigned>(options[at + 1]) << 8;
    if (unit == 0) {
      break;
    }
    if ((unit < ' ' && unit != '\t') || unit == 0x7F) {
      count = 0;
      break;
    }
    line[count++] = unit < 0x7F ? static_cast<char>(unit) : '?';
  }
  line[count] = '\0';
  return count;
}

}  // namespace mote::uefi
