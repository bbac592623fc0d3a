// A console for unit tests: keeps what was written.
#include "tests/unit/fake_console.hpp"

#include <array>
#include <charconv>

#include "kernel/console/console.hpp"

namespace mote::console {

std::string& written() {
  static std::string text;
  return text;
}

std::vector<std::string>& logged() {
  static std::vector<std::string> lines;
  return lines;
}

bool& has_log_room() {
  static bool has_room = true;
  return has_room;
}

bool log(std::string_view line) {
  if (has_log_room()) {
    logged().emplace_back(line);
  }
  return has_log_room();
}

namespace {

bool is_quiet = false;
bool leaves_out = false;

}  // namespace

void set_quiet(bool quiet) { is_quiet = quiet; }
Fact::Fact(bool ordinary) { leaves_out = is_quiet && ordinary; }
Fact::~Fact() { leaves_out = false; }
void speak() { leaves_out = false; }

void write(std::string_view text) { written() += leaves_out ? std::string_view{} : text; }

void write_decimal(std::uint64_t value) { write(std::to_string(value)); }

void write_hex(Hex value) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), value.value, 16).ptr;
  const auto count = static_cast<std::size_t>(end - digits.begin());
  written().append(value.digits > count ? value.digits - count : 0, '0');
  written().append(digits.data(), count);
}

}  // namespace mote::console
