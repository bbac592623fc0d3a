// Host names.
#include "netstack/wire/host_name.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using mote::netstack::HostName;
using namespace std::string_view_literals;

TEST_CASE("labels of letters, digits and hyphens between them make a host name") {
  for (const std::string_view name :
       {"a"sv, "7"sv, "web-1"sv, "WEB--1.example"sv, "a.b.c"sv, "0.1.2.3x"sv}) {
    CAPTURE(name);
    CHECK(HostName::is_good(name));
  }
  for (const std::string_view name :
       {""sv,    "."sv,    "-"sv,    "a."sv,  ".a"sv,  "a..b"sv, "-a"sv,
        "a-"sv,  "a-.b"sv, "a.-b"sv, "a_b"sv, "a b"sv, "a\0"sv,  "\xC3\xA4"sv,
        "a/b"sv, "@"sv,    "["sv,    "`"sv,   "{"sv,   ":"sv}) {
    CAPTURE(name);
    CHECK_FALSE(HostName::is_good(name));
  }
}

TEST_CASE("a host name has at most 63 characters, with a zero behind them") {
  const std::string longest(63, 'a');
  CHECK(HostName::is_good(longest));
  CHECK_FALSE(HostName::is_good(longest + 'a'));
  HostName name;
  CHECK(name.is_empty());
  name.keep(longest);
  CHECK(name.text() == longest);
  name.keep("b");
  CHECK(name.text() == "b"sv);
  CHECK_FALSE(name.is_empty());
}
