// Tests of YAML's scalars: plain, quoted, block scalars, their escapes, folding and chomping.
#include <doctest/doctest.h>

#include <string>

#include "tests/unit/formats/reading.hpp"

namespace mote::formats {
namespace {

using namespace std::string_view_literals;

void check(std::span<const Case> cases) {
  for (const auto& [text, meaning] : cases) {
    CAPTURE(text);
    CHECK(Reading(read_yaml, text).text() == meaning);
  }
}

TEST_CASE("plain scalars") {
  constexpr Case kCases[] = {
      {"a: b c  d   # e\n", "{a: b c  d}"},
      {"a: b\n  c\n d\ne: f\n", "{a: b c d, e: f}"},
      {"a: b  \n\n\n  c\n   \n  d\n", "{a: b\n\nc\nd}"},
      {"a: b # c\n", "{a: b}"},
      {"a: b#c :d 'e' \"f\" [g] {h}, &i *j !k\n", "{a: b#c :d 'e' \"f\" [g] {h}, &i *j !k}"},
      {"a: b\n  # c\nd: e\n", "{a: b, d: e}"},
      {"a: b # c\n  d\n", "2: an indentation that matches no line above"},
      {"a: b\n  c: d\n", "2: a key in a value of several lines"},
      {"- a\n  b\n- c\n", "[a b, c]"},
      {"a\nb\n\nc", "a b\nc"},
      {"a\n---\n", "2: more than one document"},
      {"a\n...\n", "a"},
      {"a: ---b\n", "{a: ---b}"},
      {"a: b:\n", "1: a second colon and space on a key's line; quotes are needed"},
      {"a: ::\n", "1: a second colon and space on a key's line; quotes are needed"},
      {"a: :b:c\n", "{a: :b:c}"},
      {"a: \xC3\xA9\xF0\x9F\x98\x80\n", "{a: \xC3\xA9\xF0\x9F\x98\x80}"},
      {"[a\n\n b , c\n]", "[a\nb, c]"},
  };
  check(kCases);
}

TEST_CASE("quoted scalars") {
  constexpr Case kCases[] = {
      {"'it''s \"\\n\"'", "'it's \"\\n\"'"},
      {"''", "''"},
      {"''''", "'''"},
      {"\"\"", "''"},
      {R"("\"\\\/\a\b\e\f\n\r\t\v\ ")", "'\"\\/\a\b\x1B\f\n\r\t\v '"},
      {R"("\x41\xe9\u20ac\U0001F600\ud83d\ude00")",
       "'A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xF0\x9F\x98\x80'"},
      {"\"a\n  b \t\n\n\n c  d\"", "'a b\n\nc  d'"},
      {"'a\n  b \t\n\n\n c\t d '", "'a b\n\nc\t d '"},
      {"\"a \\\n  \\ b\\\n\n\n c\\n\n d\"", "'a  b\n\nc\n d'"},
      {"\" a \"", "' a '"},
      {"\"\n\"", "' '"},
      {"\"\n\n a\"", "'\na'"},
      {"a: 'b\nc'\nd: e", "{a: 'b c', d: e}"},
      {"\"a\\\r\n b\r\n c\"", "'ab c'"},
      {"'a: b # c'", "'a: b # c'"},
      {"'a\n---\nb'", "2: a document's end in quotes"},
      {"\"a\n... \n\"", "2: a document's end in quotes"},
      {"\"a\\\n---\n\"", "2: a document's end in quotes"},
      {"\"---\"", "'---'"},
      {"'a'b", "1: text behind a value"},
      {"\"\\c\"", "1: an unknown escape"},
      {"\"\\N\"", "1: an unknown escape"},
      {"\"\\x4\"", "1: an escape without its hexadecimal digits"},
      {"\"\\ud800\"", "1: an escape that isn't a character"},
      {"\"\\U00110000\"", "1: an escape that isn't a character"},
      {"\"\\", "1: an unknown escape"},
      {"\"\\\n", "1: quotes that aren't closed"},
      {"'''", "1: quotes that aren't closed"},
  };
  check(kCases);
  CHECK(Reading(read_yaml, "\"\\0\"").text() == "'\0'"sv);
}

TEST_CASE("block scalars") {
  constexpr Case kCases[] = {
      {"a: |\n  b\n   c\n\n  d\n\n\n", "{a: 'b\n c\n\nd\n'}"},
      {"a: |-\n  b\n\n", "{a: 'b'}"},
      {"a: |+\n  b\n\n\nc: d", "{a: 'b\n\n\n', c: d}"},
      {"a: |\n  b", "{a: 'b'}"},
      {"a: |+\n  b", "{a: 'b'}"},
      {"a: |\nb: c", "{a: '', b: c}"},
      {"a: |+\n\n\nb: c", "{a: '\n\n', b: c}"},
      {"a: |", "{a: ''}"},
      {"a: | # b\n  c\n", "{a: 'c\n'}"},
      {"a: |#b\n  c\n", "1: text behind '|' or '>'"},
      {"a: |1\n  b\n c\n", "{a: ' b\nc\n'}"},
      {"a: |2-\n   b\n  c\n", "{a: ' b\nc'}"},
      {"a: |-2\n   b\n  c\n", "{a: ' b\nc'}"},
      {"a: |0\n b\n", "1: text behind '|' or '>'"},
      {"a: |\n\n\n  b\n", "{a: '\n\nb\n'}"},
      {"a: |\n  b\n # c\nd: e\n", "{a: 'b\n', d: e}"},
      {"a: |\n  b\n c\n", "3: an indentation that matches no line above"},
      {"a: |\n  b # c\n  # d\n", "{a: 'b # c\n# d\n'}"},
      {"a: |\n  b\n  \n    \n  \t\n", "{a: 'b\n\n  \n\t\n'}"},
      {"a: |\r\n  b\r\n  c\r\n", "{a: 'b\nc\n'}"},
      {"a: >\n  b\n  c\n\n  d\n\n\n  e\n", "{a: 'b c\nd\n\ne\n'}"},
      {"a: >\n  b\n    c\n    d\n  e\n  f\n", "{a: 'b\n  c\n  d\ne f\n'}"},
      {"a: >-\n\n  b\n\n   c\n\n  d\n", "{a: '\nb\n\n c\n\nd'}"},
      {"a: >\n  b\n  \tc\n  d\n", "{a: 'b\n\tc\nd\n'}"},
      {"a: >+\n  b\n\n", "{a: 'b\n\n'}"},
      {"- |\n a\n- >\n b\n- c", "['a\n', 'b\n', c]"},
      {"a:\n  - b: |\n     c\n    d: e\n", "{a: [{b: 'c\n', d: e}]}"},
      {"a:\n- |\n b\n- c\n", "{a: ['b\n', c]}"},
      {"--- |\n a\n...\n", "'a\n'"},
      {"|\n a\n b\n", "'a\nb\n'"},
      {"a:\n  |\n  b\n", "{a: 'b\n'}"},
      {"a: |\n  ---\n  b: c\n", "{a: '---\nb: c\n'}"},
      {"a: |\n  b\n---\n", "3: more than one document"},
  };
  check(kCases);
}

}  // namespace
}  // namespace mote::formats
