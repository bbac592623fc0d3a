// Tests of what the readers share: characters of UTF-8. Escapes, the tree and its bounds are tested
// with each format.
#include "formats/reader.hpp"

#include <doctest/doctest.h>

#include <string>

namespace mote::formats {
namespace {

// UTF-8 by RFC 3629's table, for comparison.
std::string encoded(std::uint32_t code) {
  const auto byte = [](std::uint32_t value) { return static_cast<char>(value); };
  if (code < 0x80) {
    return {byte(code)};
  }
  if (code < 0x800) {
    return {byte(0xC0 | code >> 6), byte(0x80 | (code & 0x3F))};
  }
  if (code < 0x10000) {
    return {byte(0xE0 | code >> 12), byte(0x80 | (code >> 6 & 0x3F)), byte(0x80 | (code & 0x3F))};
  }
  return {byte(0xF0 | code >> 18), byte(0x80 | (code >> 12 & 0x3F)),
          byte(0x80 | (code >> 6 & 0x3F)), byte(0x80 | (code & 0x3F))};
}

TEST_CASE("every character, and no surrogate") {
  for (std::uint32_t code = 0; code < 0x110000; ++code) {
    const std::string text = encoded(code);
    const auto [read, bytes] = character_at(text + "x");
    const bool is_surrogate = code >= 0xD800 && code < 0xE000;
    if (is_surrogate ? bytes != 0 : read != code || bytes != text.size()) {
      FAIL("the character ", code);
    }
    if (character_at(std::string_view(text).substr(0, text.size() - 1).empty()
                         ? std::string_view("\x80")
                         : std::string_view(text).substr(0, text.size() - 1))
            .bytes != 0) {
      FAIL("a part of the character ", code);
    }
  }
}

TEST_CASE("what isn't UTF-8") {
  for (const std::string_view text :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2x", "\xC2\xC2", "\xE0\x9F\xBF",
        "\xE1\x80", "\xE1\x80x", "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80", "\xF8\x88\x80\x80\x80", "\xF9\x90\x80\x80\x80", "\xFE", "\xFF"}) {
    CAPTURE(text);
    CHECK(character_at(text).bytes == 0);
  }
}

}  // namespace
}  // namespace mote::formats
