// A console for unit tests: keeps what was written.
#include "tests/unit/fake_console.hpp"

#include <array>
#include <charconv>

#include "kernel/console.hpp"

namespace mote::console {

std::string& written() {
  static std::string text;
  return text;
}

void write(std::string_view text) { written() += text; }

void write_decimal(std::uint64_t value) { written() += std::to_string(value); }

void write_hex(Hex value) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), value.value, 16).ptr;
  const auto count = static_cast<std::size_t>(end - digits.begin());
  written().append(value.digits > count ? value.digits - count : 0, '0');
  written().append(digits.data(), count);
}

}  // namespace mote::console
