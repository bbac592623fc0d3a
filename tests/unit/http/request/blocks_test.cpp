// Searching sixteen bytes at a time finds the same as one at a time.
#include "http/request/blocks.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "http/request/syntax.hpp"

using namespace mote::http;

namespace {

using Find = std::size_t (*)(std::string_view, std::size_t);

// In memory as long as the text is, so that the sanitizer sees any byte read beyond it.
std::size_t find_in(const std::string& text, std::size_t from, Find find) {
  const std::vector<char> exact(text.begin(), text.end());
  return find({exact.data(), exact.size()}, from);
}

}  // namespace

TEST_CASE("a search stops at bytes outside its class, at each place in texts of each length") {
  struct Row {
    Find find;
    bool (*ends)(char);
  };
  for (const Row& row : {
           Row{find_line_feed, [](char byte) { return byte == '\n'; }},
           Row{end_of_value, [](char byte) { return !syntax::is(syntax::kValueCharacter, byte); }},
           Row{end_of_target,
               [](char byte) { return !syntax::is(syntax::kTargetCharacter, byte); }},
       }) {
    for (unsigned value = 0; value < 256; ++value) {
      const char byte = static_cast<char>(value);
      for (const std::size_t size : {1U, 7U, 15U, 16U, 17U, 31U, 32U, 33U, 50U}) {
        for (std::size_t at = 0; at < size; ++at) {
          std::string text(size, 'a');
          text[at] = byte;
          CAPTURE(value);
          CAPTURE(size);
          CAPTURE(at);
          const std::size_t found = row.ends(byte) ? at : size;
          REQUIRE(find_in(text, 0, row.find) == found);
          REQUIRE(find_in(text, at, row.find) == found);
          REQUIRE(find_in(text, at + 1, row.find) == size);
        }
      }
    }
  }
}

TEST_CASE("the first of several is found, from each place on") {
  for (std::size_t first = 0; first < 40; ++first) {
    for (std::size_t second = first + 1; second < 40; ++second) {
      std::string text(40, 'a');
      text[first] = text[second] = '\n';
      for (std::size_t from = 0; from <= 40; ++from) {
        const std::size_t found = from <= first ? first : from <= second ? second : 40;
        REQUIRE(find_in(text, from, find_line_feed) == found);
      }
    }
  }
}

TEST_CASE("a token ends at the first byte that isn't a token character") {
  for (unsigned value = 0; value < 256; ++value) {
    const std::string text = std::string("x-token") + static_cast<char>(value) + ":";
    const bool is_own = syntax::is(syntax::kTokenCharacter, static_cast<char>(value));
    CHECK(find_in(text, 0, end_of_token) == (is_own ? 8 : 7));
    CHECK(find_in(text, 7, end_of_token) == (is_own ? 8 : 7));
  }
}
