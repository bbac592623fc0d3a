// Tests of the reader of JSON: what RFC 8259 allows, and nothing else.
#include <doctest/doctest.h>

#include <string>

#include "tests/unit/formats/reading.hpp"

namespace mote::formats {
namespace {

using namespace std::string_view_literals;

std::string read(std::string_view text) { return Reading(read_json, text).text(); }

std::string repeated(std::string_view text, std::size_t times) {
  std::string made;
  for (std::size_t i = 0; i < times; ++i) {
    made += text;
  }
  return made;
}

TEST_CASE("values") {
  constexpr Case kCases[] = {
      {"null", "~"},
      {"true", "true"},
      {" false\n", "false"},
      {"\"\"", "''"},
      {"0", "0"},
      {"-0", "-0"},
      {"-12.50e+03", "-12.50e+03"},
      {"1E5", "1E5"},
      {"1e-5", "1e-5"},
      {"0.0", "0.0"},
      {"123456789012345678901234567890", "123456789012345678901234567890"},
      {"[]", "[]"},
      {"{}", "{}"},
      {" [ ] ", "[]"},
      {"[[],{}]", "[[], {}]"},
      {"[null, 1, \"1\", [2], {\"\":3}]", "[~, 1, '1', [2], {: 3}]"},
      {"{\"a\" : 1 ,\r\n\t\"b\":[ true,false ]}", "{a: 1, b: [true, false]}"},
      {"{\"a\":{\"a\":{\"a\":null}}}", "{a: {a: {a: ~}}}"},
      {"\xEF\xBB\xBF{\"a\":1}", "{a: 1}"},
      {"\r[1\r,2]", "[1, 2]"},
      {"[1,\n2]\n \t\r\n", "[1, 2]"},
  };
  for (const auto& [text, meaning] : kCases) {
    CAPTURE(text);
    CHECK(read(text) == meaning);
  }
}

TEST_CASE("strings") {
  constexpr Case kCases[] = {
      {R"("\"\\\/\b\f\n\r\t")", "'\"\\/\b\f\n\r\t'"},
      {R"("\u0041\u00e9\u20AC\uD83D\ude00.")", "'A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80.'"},
      {R"("\ud800\udc00\udbff\udfff")", "'\xF0\x90\x80\x80\xF4\x8F\xBF\xBF'"},
      {R"("\uFFFF\uFFFe")", "'\xEF\xBF\xBF\xEF\xBF\xBE'"},
      {"\"\x7F\xC2\x80\xE2\x80\xA8\"", "'\x7F\xC2\x80\xE2\x80\xA8'"},
      {R"("a\\\u005cb")", R"('a\\b')"},
      {R"({"\u0061":1,"a\n":2})", "{a: 1, a\n: 2}"},
  };
  for (const auto& [text, meaning] : kCases) {
    CAPTURE(text);
    CHECK(read(text) == meaning);
  }
  CHECK(read(R"("a\u0000b")") == "'a\0b'"sv);
}

TEST_CASE("faults in structure") {
  constexpr Case kCases[] = {
      {"", "1: the text ends too early"},
      {" \n ", "2: the text ends too early"},
      {"[", "1: the text ends too early"},
      {"[1", "1: a comma or the end of the list or map is missing"},
      {"[1,", "1: the text ends too early"},
      {"[\n1,\n]", "3: no JSON value"},
      {"[,1]", "1: no JSON value"},
      {"[1,,2]", "1: no JSON value"},
      {"[1 2]", "1: a comma or the end of the list or map is missing"},
      {"[1}", "1: a comma or the end of the list or map is missing"},
      {"[1]]", "1: text behind the end"},
      {"[1]\nx", "2: text behind the end"},
      {"1 2", "1: text behind the end"},
      {"]", "1: no JSON value"},
      {"{", "1: a key without quotes"},
      {"{\"a\"", "1: a key without a colon"},
      {"{\"a\":", "1: the text ends too early"},
      {"{\"a\":1", "1: a comma or the end of the list or map is missing"},
      {"{\"a\" 1}", "1: a key without a colon"},
      {"{\"a\",1}", "1: a key without a colon"},
      {"{\"a\":1,}", "1: a key without quotes"},
      {"{,}", "1: a key without quotes"},
      {"{a:1}", "1: a key without quotes"},
      {"{'a':1}", "1: a key without quotes"},
      {"{1:1}", "1: a key without quotes"},
      {"{[]:1}", "1: a key without quotes"},
      {"{\"a\"::1}", "1: no JSON value"},
      {"{\"a\":1]", "1: a comma or the end of the list or map is missing"},
      {"{\"a\":1,\n\"a\":2}", "2: a duplicate key"},
      {"{\"a\":1,\"\\u0061\":2}", "1: a duplicate key"},
      {"[1]//", "1: text behind the end"},
      {"/**/1", "1: no JSON value"},
      {"[\f1]", "1: a control character"},
      {"[\v]", "1: a control character"},
      {"\xC2\xA0[]", "1: no JSON value"},
      {"[]\xEF\xBB\xBF", "1: text behind the end"},
  };
  for (const auto& [text, meaning] : kCases) {
    CAPTURE(text);
    CHECK(read(text) == meaning);
  }
  CHECK(read("[\n\0]"sv) == "2: a control character");
}

TEST_CASE("faults in scalars") {
  for (const std::string_view text :
       {"nul", "nulll", "True",  "NaN",   "Infinity", "-Infinity", "+1",    "01",          "-01",
        "-",   "1.",    ".5",    "1.e1",  "1e",       "1e+",       "1e+-1", "0x1",         "1_0",
        "2.",  "--1",   "1.2.3", "1e1.5", "- 1",      "'a'",       "a",     "\xEF\xBC\x91"}) {
    CAPTURE(text);
    CHECK_FALSE(Reading(read_json, text).document());
  }
  constexpr Case kCases[] = {
      {"\"", "1: a string without its end"},
      {"\"a", "1: a string without its end"},
      {"\"a\\\"", "1: a string without its end"},
      {"\"a\\", "1: an unknown escape"},
      {"\"\\a\"", "1: an unknown escape"},
      {"\"\\x41\"", "1: an unknown escape"},
      {"\"\\'\"", "1: an unknown escape"},
      {"\"\\U00000041\"", "1: an unknown escape"},
      {"\"\\\n\"", "1: an unknown escape"},
      {"\"\\u\"", "1: an escape without its hexadecimal digits"},
      {"\"\\u123\"", "1: an escape without its hexadecimal digits"},
      {"\"\\u123", "1: an escape without its hexadecimal digits"},
      {"\"\\u-123\"", "1: an escape without its hexadecimal digits"},
      {"\"\\u00g0\"", "1: an escape without its hexadecimal digits"},
      {"\"\\ud800\"", "1: an escape that isn't a character"},
      {"\"\\udc00\"", "1: an escape that isn't a character"},
      {"\"\\ud800\\n\"", "1: an escape that isn't a character"},
      {"\"\\ud800\\u0041\"", "1: an escape that isn't a character"},
      {"\"\\ud800\\ud800\"", "1: an escape that isn't a character"},
      {"\"\\ud800\\u12\"", "1: an escape without its hexadecimal digits"},
      {"\"\\ude00\\ud83d\"", "1: an escape that isn't a character"},
      {"\"a\tb\"", "1: a control character in a string"},
      {"\"a\nb\"", "1: a control character in a string"},
      {"\"\x1F\"", "1: a control character"},
      {"\n\"\x80\"", "2: a character that isn't UTF-8"},
      {"\"\xC0\xAF\"", "1: a character that isn't UTF-8"},
      {"\"\xE0\x80\xAF\"", "1: a character that isn't UTF-8"},
      {"\"\xED\xA0\x80\"", "1: a character that isn't UTF-8"},
      {"\"\xF4\x90\x80\x80\"", "1: a character that isn't UTF-8"},
      {"\"\xF9\x80\x80\x80\x80\"", "1: a character that isn't UTF-8"},
      {"\"\xE2\x82\"", "1: a character that isn't UTF-8"},
      {"\"\xE2\x82", "1: a character that isn't UTF-8"},
      {"\xFF\xFE[\0]", "1: a character that isn't UTF-8"},
  };
  for (const auto& [text, meaning] : kCases) {
    CAPTURE(text);
    CHECK(read(text) == meaning);
  }
}

TEST_CASE("depth and size are bounded") {
  for (const auto& [opens, closes] : {Case{"[", "]"}, Case{"{\"a\":", "}"}}) {
    const auto nested = [&](std::size_t levels) {
      return repeated(opens, levels) + "1" + repeated(closes, levels);
    };
    CHECK(Reading(read_json, nested(kMostDepth)).document());
    CHECK(read(nested(kMostDepth + 1)) == "1: too many lists and maps inside each other");
    CHECK(read(repeated(opens, 100'000)) == "1: too many lists and maps inside each other");
  }
  CHECK(Reading(read_json, "[1,2]", 3).text() == "[1, 2]");
  CHECK(Reading(read_json, "[1,2]", 2).text() == "1: more parts than there is room for");
  CHECK(Reading(read_json, "1", 0).text() == "1: more parts than there is room for");
  const auto list = [](std::size_t parts) { return "[0" + repeated(",1", parts - 1) + "]"; };
  CHECK(Reading(read_json, list(kMostNodes - 1)).document());
  CHECK_FALSE(Reading(read_json, list(kMostNodes), 2 * kMostNodes).document());
}

TEST_CASE("lines and the parts of a map") {
  const Reading reading(read_json, "\n{\n\"a\": [\n1,\n\"x\"], \"b\": \"7\"}");
  const Node& root = **reading.document();
  CHECK(root.line == 2);
  CHECK(root.find("a")->line == 3);
  CHECK(root.find("a")->first->line == 4);
  CHECK(root.find("a")->first->next->line == 5);
  CHECK(root.find("c") == nullptr);
  CHECK(root.first->find("a") == nullptr);
  CHECK(number_of(*root.find("b")) == 7);
  CHECK_FALSE(number_of(*root.find("a")));
  CHECK_FALSE(number_of(*root.find("a")->first->next));
}

TEST_CASE("a message of the guest agent's") {
  CHECK(read(R"({"execute":"guest-sync-delimited","arguments":{"id":4294967295}})") ==
        "{execute: 'guest-sync-delimited', arguments: {id: 4294967295}}");
}

}  // namespace
}  // namespace mote::formats
