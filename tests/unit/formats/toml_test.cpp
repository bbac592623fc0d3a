// Tests of the reader of TOML, against the sections of TOML 1.0.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "tests/unit/formats/reading.hpp"

namespace mote::formats {
namespace {

using namespace std::string_view_literals;

std::string read(std::string_view text) { return Reading(read_toml, text).text(); }

void check(std::span<const Case> cases) {
  for (const auto& [text, meaning] : cases) {
    CAPTURE(text);
    CHECK(read(text) == meaning);
  }
}

TEST_CASE("a file of Mote's") {
  CHECK(read(R"(# settings
panic = "reset"              # or halt
idle = 'doze'

[network]
hostname = "mote"
[[network.interface]]
match = 0
address = "192.0.2.10/24"
[[network.interface]]
match = "52:54:00:12:34:56"
mtu = 1_400

[http]
port = 80
index = ["index.html",
  "index.htm",  # both
]
clean_urls = false
error_pages.404 = "404.html"
error_pages."503" = "busy.html"
[[http.headers]]
match = "/*"
set = { "X-A" = "b", Y = "" }
)") == "{panic: 'reset', idle: 'doze', network: {hostname: 'mote', interface: [{match: 0, "
       "address: '192.0.2.10/24'}, {match: '52:54:00:12:34:56', mtu: 1400}]}, http: {port: 80, "
       "index: ['index.html', 'index.htm'], clean_urls: false, error_pages: {404: '404.html', "
       "503: 'busy.html'}, headers: [{match: '/*', set: {X-A: 'b', Y: ''}}]}}");
}

TEST_CASE("keys and tables") {
  constexpr Case kCases[] = {
      {"", "{}"},
      {"\n# nothing", "{}"},
      {"a=1\r\n\tb = 2 # c\r\n", "{a: 1, b: 2}"},
      {"1 = 1\n-_ = 2\n\"\" = 3\n'a b' = 4", "{1: 1, -_: 2, : 3, a b: 4}"},
      {"a . b.\"c.d\" = 1\na.e = 2\nf = 3", "{a: {b: {c.d: 1}, e: 2}, f: 3}"},
      {"[a]\n[b]\nc=1", "{a: {}, b: {c: 1}}"},
      {"[ a . 'b' ]\nc=1\n[a]\nd=2", "{a: {b: {c: 1}, d: 2}}"},
      {"[a]\nb.c=1\n[a.b.d]\ne=2", "{a: {b: {c: 1, d: {e: 2}}}}"},
      {"[[a]]\nb=1\n[[a]]\n[[a]]\nb=2", "{a: [{b: 1}, {}, {b: 2}]}"},
      {"[[a]]\n[a.b]\nc=1\n[[a]]\n[a.b]\nc=2", "{a: [{b: {c: 1}}, {b: {c: 2}}]}"},
      {"[[a.b]]\n[[a.b.c]]\nd=1\n[[a.b.c]]", "{a: {b: [{c: [{d: 1}, {}]}]}}"},
      {"a = {}\nb = { c = 1, 'd' = {e=[]} }", "{a: {}, b: {c: 1, d: {e: []}}}"},
      {"a=1\na=2", "2: a duplicate key"},
      {"a.b=1\na.\"b\"=2", "2: a duplicate key"},
      {"a=1\na.b=2", "2: a key in a complete table, or in no table"},
      {"a={}\na.b=2", "2: a key in a complete table, or in no table"},
      {"a=[{}]\n[a.b]", "2: a key in a complete table, or in no table"},
      {"a={b={}}\n[a.b.c]", "2: a key in a complete table, or in no table"},
      {"[a.b]\n[a]\nb.c=1", "3: a key in a complete table, or in no table"},
      {"[a]\n[a]", "2: a duplicate table"},
      {"a=1\n[a]", "2: a duplicate table"},
      {"[a]\nb.c=1\n[a.b]", "3: a duplicate table"},
      {"[[a]]\n[a]", "2: a duplicate table"},
      {"[a]\n[[a]]", "2: an array of tables whose name is taken"},
      {"a=[]\n[[a]]", "2: an array of tables whose name is taken"},
      {"[a.b]\n[[a]]", "2: an array of tables whose name is taken"},
      {"[a]\nb=1\n[a.b]", "3: a duplicate table"},
      {"[]", "1: a key is missing"},
      {"[a.]", "1: a key is missing"},
      {"[.a]", "1: a key is missing"},
      {"[a", "1: a table's name without its closing bracket"},
      {"[a\n]", "1: a table's name without its closing bracket"},
      {"[[a]", "1: a table's name without its closing bracket"},
      {"[[a] ]", "1: a table's name without its closing bracket"},
      {"[ [a]]", "1: a key is missing"},
      {"[a]]", "1: text behind a value or a table's name"},
      {"[a] b=1", "1: text behind a value or a table's name"},
      {"a=1 b=2", "1: text behind a value or a table's name"},
      {"a", "1: a key without '='"},
      {"a b=1", "1: a key without '='"},
      {"a\n=1", "1: a key without '='"},
      {"=1", "1: a key is missing"},
      {"a.=1", "1: a key is missing"},
      {"\xC3\xA9=1", "1: a key is missing"},
      {"\"\"\"a\"\"\"=1", "1: a key of several lines"},
      {"a=\n1", "1: not a string, whole decimal number, true or false"},
      {"a=", "1: not a string, whole decimal number, true or false"},
      {"a={b=1,}", "1: a key is missing"},
      {"a={b=1\n}", "1: a comma or the end of the list or map is missing"},
      {"a={b=1 # c\n}", "1: a comma or the end of the list or map is missing"},
      {"a={\nb=1}", "1: a key is missing"},
      {"a={b.c=1}", "1: a key without '='"},
      {"a={b=1,b=2}", "1: a duplicate key"},
      {"a={b=1", "1: a comma or the end of the list or map is missing"},
  };
  check(kCases);
}

TEST_CASE("values") {
  constexpr Case kCases[] = {
      {"a=true\nb=false", "{a: true, b: false}"},
      {"a=0\nb=-17\nc=+99\nd=1_000_000\ne=+0", "{a: 0, b: -17, c: 99, d: 1000000, e: 0}"},
      {"a=[]\nb=[ ]\nc=[1,]\nd=[\n1,# x\n  [2],\n\n'3'\n]",
       "{a: [], b: [], c: [1], d: [1, [2], '3']}"},
      {R"(a="\b\t\n\f\r\"\\\u00e9\U0001F600")", "{a: '\b\t\n\f\r\"\\\xC3\xA9\xF0\x9F\x98\x80'}"},
      {"a='C:\\n'\nb=''\nc=\"\t\"", "{a: 'C:\\n', b: '', c: '\t'}"},
      {"a=\"\"\"\nx\r\n\\\"y\"\"\"\nb='''\nx\\\n''y'''", "{a: 'x\n\"y', b: 'x\\\n''y'}"},
      {"a=\"\"\"x\\\n   \n\n  y \\  \n z\"\"\"", "{a: 'xy z'}"},
      {"a=\"\"\"\"\"\"\nb=''''''", "{a: '', b: ''}"},
      {"a=\"\"\"\"\"x\"\"\"\"\"\nb='''''x''''", "{a: '\"\"x\"\"', b: '''x''}"},
      {"a=\"\"\"\n\"\"\"", "{a: ''}"},
  };
  check(kCases);
}

// Between blanks.
constexpr std::string_view kNoValues = R"(True TRUE yes abc
01 -01 + - _1 1_ 1__0 -_1 0_0 1.5 1e5 inf nan 0x1F 0o7 0b1
1979-05-27 1979-05-27T07:32:00Z 07:32:00 1979-05-27_07:32:00
[1 [,] [1,,2] [1} { } [[1] "a"'b' "a"b
" "a 'a """a """a"" '''a'' """a"""""" '''''''''
"\a" "\x41" "\u12" "\ud83d\ude00" "\U00110000" "\ """\x""" """\)";

TEST_CASE("what is no value") {
  std::string_view left = kNoValues;
  while (!left.empty()) {
    const std::size_t length = std::min(left.find_first_of(" \n"), left.size());
    const std::string text(left.substr(0, length));
    CAPTURE(text);
    CHECK_FALSE(Reading(read_toml, "a = " + text).document());
    left.remove_prefix(std::min(length + 1, left.size()));
  }
  CHECK(read("a = [1 2]") == "1: a comma or the end of the list or map is missing");
  CHECK(read("a = 1979-05-27 07:32:00") == "1: not a string, whole decimal number, true or false");
  CHECK(read("a = \"b\n\"") == "1: a string without its end");
  CHECK(read("a = 'b\n'") == "1: a string without its end");
  CHECK(read("a = \"b\\\n\"") == "1: an unknown escape");
  CHECK(read("a = \"\"\"\\ b\"\"\"") == "1: an unknown escape");
}

TEST_CASE("characters") {
  CHECK(read("# a\tb \xC3\xA9\n") == "{}");
  CHECK(read("\xEF\xBB\xBF"
             "a=1") == "{a: 1}");
  CHECK(read("# \x01") == "1: a control character");
  CHECK(read("\n# \x7F") == "2: a control character");
  CHECK(read("a=1\rb=2") == "1: a control character");
  CHECK(read("a='\0'"sv) == "1: a control character");
  CHECK(read("a='\xC3'") == "1: a character that isn't UTF-8");
}

TEST_CASE("depth and size are bounded") {
  std::string keys = "a";
  while (keys.size() / 2 + 1 < kMostDepth) {
    keys += ".a";
  }
  CHECK(Reading(read_toml, keys + "=1").document());
  CHECK(Reading(read_toml, keys.substr(2) + "=[]").document());
  CHECK(Reading(read_toml, "[" + keys.substr(2) + "]\na=1").document());
  const std::string_view kTooDeep = "1: too many lists and maps inside each other";
  CHECK(read(keys + ".a=1") == kTooDeep);
  CHECK(read(keys + "=[]") == kTooDeep);
  CHECK(read("[" + keys + "]") == kTooDeep);
  CHECK(read("[[" + keys.substr(2) + "]]") == kTooDeep);
  CHECK(read("a=" + std::string(5000, '[')) == kTooDeep);
  CHECK(Reading(read_toml, "a=1\nb=2", 2).text() == "2: more parts than there is room for");
  CHECK(Reading(read_toml, "[[a]]", 2).text() == "1: more parts than there is room for");
  CHECK(Reading(read_toml, "a.b=1", 2).text() == "1: more parts than there is room for");
  CHECK(Reading(read_toml, "", 0).text() == "1: more parts than there is room for");
}

}  // namespace
}  // namespace mote::formats
