// The loader's words, on the firmware's console: the screen, and the serial port where the firmware
// has one among its consoles.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>

#include "boot/uefi/protocols.hpp"

namespace mote::uefi {

class Messages {
 public:
  explicit Messages(TextOutput* console) : console_(console) {}

  // A line of texts and numbers.
  template <typename... Parts>
  void line(const Parts&... parts) const {
    say(u"mote: ");
    (say(parts), ...);
    say(u"\r\n");
  }

 private:
  void say(const char16_t* text) const {
    if (console_ != nullptr) {
      console_->output_string(console_, text);
    }
  }

  void say(std::uint64_t value) const {
    std::array<char16_t, 21> digits{};  // 2^64 - 1 has 20
    std::size_t first = digits.size() - 1;
    do {
      digits[--first] = static_cast<char16_t>(u'0' + value % 10);
      value /= 10;
    } while (value != 0);
    say(&digits[first]);
  }

  TextOutput* console_;
};

// Bytes in whole MiB, rounded up.
[[nodiscard]] constexpr std::uint64_t mib(std::uint64_t bytes) {
  return bytes / (1 << 20) + (bytes % (1 << 20) != 0 ? 1 : 0);
}

}  // namespace mote::uefi
