// Dates in their three forms, and preconditions with their precedence.
#include "http/reply/conditions.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>

#include "http/reply/date.hpp"
#include "http/request/request.hpp"

using namespace mote::http;

TEST_CASE("dates in three forms (RFC 9110, 5.6.7)") {
  CHECK(parse_date("Sun, 06 Nov 1994 08:49:37 GMT") == 784111777);
  CHECK(parse_date("Sunday, 06-Nov-94 08:49:37 GMT") == 784111777);
  CHECK(parse_date("Sun Nov  6 08:49:37 1994") == 784111777);
  CHECK(parse_date("Wed Nov 16 08:49:37 1994") == 784111777 + 10 * 86400);
  CHECK(parse_date("Thu, 01 Jan 1970 00:00:00 GMT") == 0);
  CHECK(parse_date("Wed, 31 Dec 1969 23:59:59 GMT") == -1);
  CHECK(parse_date("Tue, 29 Feb 2000 12:00:00 GMT") == 951825600);
  CHECK(parse_date("Sat, 29 Feb 2020 00:00:00 GMT") == 1582934400);
  CHECK(parse_date("Sun, 01 Mar 2020 00:00:00 GMT") == 1583020800);
  CHECK(parse_date("Fri, 31 Dec 9999 23:59:59 GMT") == 253402300799);
  CHECK(parse_date("Sat, 01 Jan 0000 00:00:00 GMT") == -62167219200);
  CHECK(parse_date("Sat, 31 Dec 2016 23:59:60 GMT") == 1483228800);
  CHECK(parse_date("Friday, 01-Jan-38 00:00:00 GMT") == 2145916800);
  CHECK(parse_date("Thursday, 01-Jan-70 00:00:00 GMT") == 0);
  for (const char* text : {"",
                           "Sun",
                           "Sun,",
                           "Sun, ",
                           "0",
                           "Sun, 06 Nov 1994 08:49:37",
                           "Sun, 06 Nov 1994 08:49:37 GMT ",
                           "Sun, 06 Nov 1994 08:49:37 UTC",
                           "Sun, 6 Nov 1994 08:49:37 GMT",
                           "Xun, 06 Nov 1994 08:49:37 GMT",
                           "sun, 06 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nix 1994 08:49:37 GMT",
                           "Sun, 06 Nov 94 08:49:37 GMT",
                           "Sun, 31 Nov 1994 08:49:37 GMT",
                           "Sun, 00 Nov 1994 08:49:37 GMT",
                           "Mon, 29 Feb 1900 08:49:37 GMT",
                           "Sun, 29 Feb 2001 08:49:37 GMT",
                           "Sun, 06 Nov 1994 24:49:37 GMT",
                           "Sun, 06 Nov 1994 08:60:37 GMT",
                           "Sun, 06 Nov 1994 08:49:61 GMT",
                           "Sun, 06-Nov-94 08:49:37 GMT",
                           "Sunday, 06 Nov 1994 08:49:37 GMT",
                           "Sun Nov 06 08:49:37 94",
                           "Sun, 06 Nov 1994 08:49:-1 GMT"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_date(text).has_value());
  }
}

TEST_CASE("preconditions and their precedence (RFC 9110, 13.1 and 13.2.2)") {
  constexpr std::uint64_t kModified = 784111777;
  constexpr std::string_view kSame = "Sun, 06 Nov 1994 08:49:37 GMT\r\n";
  constexpr std::string_view kBefore = "Sun, 06 Nov 1994 08:49:36 GMT\r\n";
  const auto evaluate = [](std::string_view fields) {
    return evaluate_conditions(fields, "\"a,b\"", kModified);
  };
  const auto since = [&](std::string_view name, std::string_view date) {
    return evaluate(std::string(name) + ": " + std::string(date));
  };
  using enum Condition;
  for (const auto& [fields, expected] :
       std::initializer_list<std::pair<std::string_view, Condition>>{
           {"If-None-Match: \"a,b\"\r\n", kNotModified},
           {"If-None-Match: W/\"a,b\"\r\n", kNotModified},  // weak comparison
           {"If-None-Match: *\r\n", kNotModified},
           {"If-None-Match: \"x\" ,, \"a,b\"\r\n", kNotModified},
           {"If-None-Match: \"x\"\r\nIF-NONE-MATCH: \"a,b\"\r\n", kNotModified},
           {"If-None-Match: \"a,b\"\r\nIf-None-Match: \"x\"\r\n", kNotModified},
           {"If-None-Match: \"x\", W/\"y\"\r\n", kHolds},
           {"If-None-Match: a,b\r\n", kHolds},
           {"If-None-Match: \"a,b\r\n", kHolds},
           {"If-None-Match: w/\"a,b\"\r\n", kHolds},  // 8.8.3: W is case-sensitive
           {"If-None-Match:\r\n", kHolds},
           {"If-Match: \"a,b\"\r\n", kHolds},
           {"If-Match: *\r\n", kHolds},
           {"If-Match: \"x\", \"a,b\"\r\n", kHolds},
           {"If-Match: \"x\"\r\n", kFailed},
           {"If-Match: W/\"a,b\"\r\n", kFailed},  // strong comparison
           {"If-Match: \"a,b\"\r\nIf-None-Match: \"a,b\"\r\n", kNotModified},
           {"If-Match: \"x\"\r\nIf-None-Match: \"a,b\"\r\n", kFailed},
           {"If-Match: \"x\"\r\nIf-Match: \"a,b\"\r\n", kHolds},  // 5.3: one list
           {"If-None-Match: *, \"x\"\r\n", kHolds},               // 13.1.2: no star within a list
           {"If-None-Match: \"\"\r\n", kHolds},
           {"If-None-Match: \"a\"\"a,b\"\r\n", kNotModified},  // lenient: no comma between
           {"If-Match:\r\n", kFailed},
           {"Accept: *\r\n", kHolds},
       }) {
    CAPTURE(fields);
    CHECK(evaluate(fields) == expected);
  }
  CHECK(since("If-Modified-Since", kSame) == kNotModified);
  CHECK(since("If-Modified-Since", kBefore) == kHolds);
  CHECK(since("If-Modified-Since", "yesterday\r\n") == kHolds);
  CHECK(since("If-Unmodified-Since", kSame) == kHolds);
  CHECK(since("If-Unmodified-Since", kBefore) == kFailed);
  CHECK(since("If-None-Match: \"x\"\r\nIf-Modified-Since", kSame) == kHolds);
  CHECK(since("If-Match: \"a,b\"\r\nIf-Unmodified-Since", kBefore) == kHolds);
  // Not a list field: of two, neither counts (13.1.3, 13.1.4).
  CHECK(since("If-Modified-Since: " + std::string(kSame) + "If-Modified-Since", kSame) == kHolds);
  CHECK(since("If-Unmodified-Since: " + std::string(kBefore) + "If-Unmodified-Since", kBefore) ==
        kHolds);
  CHECK(since("If-Modified-Since: x\r\nIf-Modified-Since", kSame) == kHolds);
  // 13.1.3: If-None-Match overrides the date, whatever its value.
  CHECK(since("If-None-Match: broken\r\nIf-Modified-Since", kSame) == kHolds);
  CHECK(since("If-Unmodified-Since", "tomorrow\r\n") == kHolds);
  // 13.2.2: If-Unmodified-Since comes before If-None-Match.
  CHECK(since("If-None-Match: \"a,b\"\r\nIf-Unmodified-Since", kBefore) == kFailed);
}

TEST_CASE("a request's selectors reach from the first precondition or range to the last") {
  const auto selectors = [](const std::string& fields) {
    const std::string section = "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
    const auto request = parse_request(section);
    REQUIRE(request.has_value());
    return std::string(request->selectors);
  };
  CHECK(selectors("").empty());
  CHECK(selectors("Accept: a\r\n").empty());
  for (const char* name : {"If-Match", "if-none-match", "If-Modified-Since", "IF-UNMODIFIED-SINCE",
                           "Range", "If-Range"}) {
    const std::string line = std::string(name) + ":  x \r\n";
    CHECK(selectors("Accept: a\r\n" + line + "Cookie: b\r\n") == line);
    const std::string lines = line + "Cookie: b\r\n" + line;
    CHECK(selectors("Accept: a\r\n" + lines + "Accept: a\r\n") == lines);
  }
  CHECK(selectors("Range: a\r\nX: b\r\nIf-None-Match: c\r\n") ==
        "Range: a\r\nX: b\r\nIf-None-Match: c\r\n");
}

TEST_CASE("without a date of modification, dates are no conditions (RFC 9110, 13.1.3 and 13.1.4)") {
  const auto evaluate = [](std::string_view fields) {
    return evaluate_conditions(fields, "\"a\"", 0);
  };
  CHECK(evaluate("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n") == Condition::kHolds);
  CHECK(evaluate("If-Unmodified-Since: Wed, 31 Dec 1969 23:59:59 GMT\r\n") == Condition::kHolds);
  CHECK(evaluate("If-None-Match: \"a\"\r\n") == Condition::kNotModified);
  CHECK(evaluate("If-Match: \"b\"\r\n") == Condition::kFailed);
}
