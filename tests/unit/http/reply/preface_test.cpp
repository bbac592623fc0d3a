// Prefaces: status line, Date and Connection.
#include "http/reply/preface.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "http/operations/counters.hpp"
#include "http/reply/date.hpp"
#include "tests/unit/http/fakes.hpp"

using namespace mote::http;
using mote::http_world::wall_seconds;

TEST_CASE("IMF-fixdate is written as parse_date reads it (RFC 9110, 5.6.7)") {
  const auto text_of = [](std::uint64_t seconds) {
    std::array<char, kDateBytes> text{};
    write_date(seconds, text);
    return std::string(text.data(), text.size());
  };
  CHECK(text_of(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
  CHECK(text_of(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(text_of(951782399) == "Mon, 28 Feb 2000 23:59:59 GMT");
  CHECK(text_of(951782400) == "Tue, 29 Feb 2000 00:00:00 GMT");
  CHECK(text_of(951868800) == "Wed, 01 Mar 2000 00:00:00 GMT");
  CHECK(text_of(1583020799) == "Sat, 29 Feb 2020 23:59:59 GMT");
  CHECK(text_of(1798761599) == "Thu, 31 Dec 2026 23:59:59 GMT");
  CHECK(text_of(4107542400) == "Mon, 01 Mar 2100 00:00:00 GMT");  // no leap year
  CHECK(text_of(253402300799) == "Fri, 31 Dec 9999 23:59:59 GMT");
  CHECK(text_of(253402300800) == "Fri, 31 Dec 9999 23:59:59 GMT");
  CHECK(text_of(~std::uint64_t{0}) == "Fri, 31 Dec 9999 23:59:59 GMT");
  for (std::uint64_t day = 0; day < 3'000'000; day += 13) {  // until 10,183
    const std::uint64_t seconds = day * 86'400 + day % 86'400;
    if (seconds <= 253402300799) {
      REQUIRE(parse_date(text_of(seconds)) == static_cast<std::int64_t>(seconds));
    }
  }
}

TEST_CASE("without a wall clock there is no Date (RFC 9110, 6.6.1)") {
  wall_seconds.reset();
  CHECK(preface(200, Persistence::kSilent) == "HTTP/1.1 200 OK\r\n");
  CHECK(preface(404, Persistence::kClose) == "HTTP/1.1 404 Not Found\r\nConnection: close\r\n");
  CHECK(preface(304, Persistence::kKeepAlive) ==
        "HTTP/1.1 304 Not Modified\r\nConnection: keep-alive\r\n");
}

TEST_CASE("status line, Date, Connection (RFC 9112, 4 and 9.3; RFC 9110, 6.6.1)") {
  wall_seconds = 784111777;
  CHECK(preface(200, Persistence::kSilent) ==
        "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
  CHECK(preface(431, Persistence::kKeepAlive) ==
        "HTTP/1.1 431 Request Header Fields Too Large\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
        "Connection: keep-alive\r\n");
}

TEST_CASE("each status has its own line; an unknown status becomes 500") {
  wall_seconds = 784111777;
  std::set<std::string> lines;
  for (const std::uint16_t status : kStatuses) {
    const std::string line(preface(status, Persistence::kSilent));
    CHECK(line.starts_with("HTTP/1.1 " + std::to_string(status) + " "));
    lines.insert(line);
  }
  CHECK(lines.size() == kStatuses.size());
  for (const std::uint16_t status : {0, 100, 199, 299, 418, 599, 65535}) {
    CHECK(preface(status, Persistence::kSilent).starts_with("HTTP/1.1 500 Internal Server Error"));
  }
}

TEST_CASE("a preface is made once a second, in the same memory, of the same length") {
  for (const std::uint16_t status : kStatuses) {
    for (const Persistence persistence :
         {Persistence::kSilent, Persistence::kKeepAlive, Persistence::kClose}) {
      wall_seconds = 1'000'000'000;
      const std::string_view first = preface(status, persistence);
      const std::string before(first);
      CHECK(preface(status, persistence).data() == first.data());  // made once
      ++*wall_seconds;
      const std::string_view second = preface(status, persistence);
      CHECK(second.find("01:46:41 GMT") != second.npos);
      CHECK(second.data() == first.data());
      CHECK(second.size() == before.size());
    }
  }
}

TEST_CASE("a clock that jumps is followed") {
  for (const std::uint64_t seconds : {5'000ULL, 5'002ULL, 4'000ULL, 0ULL, 5'000ULL}) {
    wall_seconds = seconds;
    std::array<char, kDateBytes> date{};
    write_date(seconds, date);
    const std::string_view text = preface(200, Persistence::kSilent);
    CHECK(text.find(std::string_view(date.data(), date.size())) != text.npos);
  }
}

TEST_CASE("no Date is earlier than the newest file that is served (RFC 9110, 8.8.2.1)") {
  set_earliest_date(784111777);
  wall_seconds = 784111776;  // a machine whose clock is behind, by a second or by years
  CHECK(preface(200, Persistence::kSilent).contains("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
  wall_seconds = 0;
  CHECK(preface(200, Persistence::kSilent).contains("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
  wall_seconds = 784111778;
  CHECK(preface(200, Persistence::kSilent).contains("Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n"));
  wall_seconds.reset();
  CHECK(preface(200, Persistence::kSilent) == "HTTP/1.1 200 OK\r\n");
  wall_seconds = 1;
  set_earliest_date(~std::uint64_t{0});  // whatever a pack says
  CHECK(preface(200, Persistence::kSilent).contains("Date: Fri, 31 Dec 9999 23:59:59 GMT\r\n"));
  set_earliest_date(0);
}
