// Tests of load options as a command line.
#include "boot/uefi/load_options.hpp"

#include <doctest/doctest.h>

#include <array>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace mote::uefi {
namespace {

// The command line that options give, in a line of so many characters and a zero.
std::string line_of(std::u16string_view options, std::size_t room = 64, std::size_t cut = 0) {
  std::vector<char> line(room, 'x');
  const auto bytes = std::as_bytes(std::span(options));
  const std::size_t count = command_line_of(bytes.first(bytes.size() - cut), line);
  CHECK(count < room);
  CHECK(line[count] == '\0');
  return {line.data(), count};
}

TEST_CASE("UCS-2 becomes ASCII, up to its zero or its end") {
  using namespace std::string_view_literals;
  CHECK(line_of(u"mote.http.port=8080") == "mote.http.port=8080");
  CHECK(line_of(u"one\ttwo\0three"sv) == "one\ttwo");
  CHECK(line_of(u"caf\u00E9 \u4F60~") == "caf? ?~");
  CHECK(line_of(u"odd", 64, 1) == "od");
  CHECK(line_of(u"").empty());
  CHECK(line_of(u"\0"sv).empty());
}

TEST_CASE("what doesn't fit is cut, and what is no text is left out") {
  CHECK(line_of(u"abcdef", 4) == "abc");
  CHECK(line_of(u"abcdef", 1).empty());
  CHECK(line_of(u"ab\u0001cd").empty());
  CHECK(line_of(u"ab\u007F").empty());
  CHECK(line_of(u"ab\r\n").empty());
}

TEST_CASE("whatever the options are, the line is printable and ends within its room") {
  std::mt19937 random(15);
  std::array<std::byte, 40> options{};
  for (int round = 0; round < 5000; ++round) {
    for (std::byte& byte : options) {
      byte = static_cast<std::byte>(random() % (random() % 2 == 0 ? 2 : 256));
    }
    std::vector<char> line(1 + random() % 24);
    const std::size_t count =
        command_line_of(std::span(options).first(random() % (options.size() + 1)), line);
    REQUIRE(count < line.size());
    CHECK(line[count] == '\0');
    for (const char c : std::string_view(line.data(), count)) {
      CHECK(((c >= ' ' && c <= '~') || c == '\t'));
    }
  }
}

}  // namespace
}  // namespace mote::uefi
