// Requests: their framing, and whether another may follow.
#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <string_view>

#include "http/request/request.hpp"
#include "tests/unit/http/request/request_text.hpp"

using namespace mote::http;
using namespace mote::request_text;

namespace {

// Field lines and the framing that they give a request.
struct Row {
  std::string_view lines;
  int status;
  Framing framing = Framing::kNone;
  std::uint64_t bytes = 0;
};

void check(std::initializer_list<Row> rows) {
  for (const Row& row : rows) {
    CAPTURE(row.lines);
    const std::string section = with_fields(row.lines);
    CHECK(status_of(section) == row.status);
    if (row.status == 200) {
      CHECK(parse_request(section)->framing == row.framing);
      CHECK(parse_request(section)->content_bytes == row.bytes);
    }
  }
}

}  // namespace

TEST_CASE("Content-Length (RFC 9112, 6.3; RFC 9110, 8.6)") {
  check({
      {"", 200},
      {"Content-Length: 0\r\n", 200},
      {"Content-Length: 000\r\n", 200},
      {"Content-Length: 5\r\n", 200, Framing::kLength, 5},
      {"content-LENGTH:\t007 \r\n", 200, Framing::kLength, 7},
      {"Content-Length: 18446744073709551615\r\n", 200, Framing::kLength, ~0UL},
      {"Content-Length: 18446744073709551616\r\n", 400},
      {"Content-Length: 18446744073709551620\r\n", 400},
      {"Content-Length: 99999999999999999999999999\r\n", 400},
      {"Content-Length: \r\n", 400},
      {"Content-Length: +5\r\n", 400},
      {"Content-Length: -1\r\n", 400},
      {"Content-Length: 5 5\r\n", 400},
      {"Content-Length: 5,5\r\n", 400},
      {"Content-Length: 5, 5\r\n", 400},
      {"Content-Length: 5;\r\n", 400},
      {"Content-Length: 5.0\r\n", 400},
      {"Content-Length: \"5\"\r\n", 400},
      {"Content-Length: 0x5\r\n", 400},
      {"Content-Length: \xB5\r\n", 400},
      {"Content-Length: 5\r\nContent-Length: 5\r\n", 400},
      {"Content-Length: 5\r\nContent-Length: 6\r\n", 400},
      {"Content-Length: 0\r\nContent-Length: 0\r\n", 400},
      {"Content-Length: 5\r\nX: y\r\ncontent-length: 0\r\n", 400},
      {"Content_Length: 5\r\nContent-Lengt: 5\r\nXContent-Length: 5\r\n", 200},
  });
  CHECK(parse_request("GET / HTTP/1.0\r\nContent-Length: 5\r\n\r\n")->content_bytes == 5);
}

TEST_CASE("Transfer-Encoding (RFC 9112, 6.1 and 6.3)") {
  check({
      {"Transfer-Encoding: chunked\r\n", 200, Framing::kChunked},
      {"tRANSFER-eNCODING: Chunked\r\n", 200, Framing::kChunked},
      {"Transfer-Encoding: , chunked\r\n", 400},
      {"Transfer-Encoding: chunked,\r\n", 400},
      {"Transfer-Encoding: gzip,, chunked\r\n", 400},
      {"Transfer-Encoding: gzip, chunked\r\n", 501},
      {"Transfer-Encoding: identity, chunked\r\n", 501},
      {"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", 501},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", 400},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n", 400},
      {"Transfer-Encoding: chunked, gzip\r\n", 400},
      {"Transfer-Encoding: chunked, chunked\r\n", 400},
      {"Transfer-Encoding: chunked;q=1\r\n", 400},
      {"Transfer-Encoding: \"chunked\"\r\n", 400},
      {"Transfer-Encoding: chunked \xA0\r\n", 400},
      {"Transfer-Encoding: gzip\r\n", 400},
      {"Transfer-Encoding: identity\r\n", 400},
      {"Transfer-Encoding: xchunked\r\n", 400},
      {"Transfer-Encoding: chunke\r\n", 400},
      {"Transfer-Encoding:\r\n", 400},
      {"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400},
      {"Transfer-Encoding: gzip, chunked\r\nContent-Length: 5\r\n", 400},
      {"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", 400},
  });
  CHECK(status_of("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
  CHECK(status_of("GET / HTTP/1.0\r\nTransfer-Encoding: gzip\r\n\r\n") == 400);
}

TEST_CASE("expectations (RFC 9110, 10.1.1)") {
  const std::string content = "Content-Length: 5\r\n";
  const auto expects = [](const std::string& lines) {
    return parse_request(with_fields(lines))->expects_continue;
  };
  CHECK_FALSE(expects(content));
  CHECK(expects(content + "Expect: 100-continue\r\n"));
  CHECK(expects("eXPECT: 100-Continue\r\n" + content));
  CHECK(expects(content + "Expect: , 100-continue,\r\nExpect: 100-continue\r\n"));
  CHECK(expects("Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n"));
  CHECK_FALSE(expects("Expect: 100-continue\r\n"));  // ignored without content
  CHECK_FALSE(expects(content + "Expect:\r\n"));
  for (const char* value : {"200-ok", "100-continue, x", "100-continue;q", "100_continue", "x"}) {
    CAPTURE(value);
    const std::string lines = content + "Expect: " + value + "\r\n";
    CHECK(status_of(with_fields(lines)) == 417);
    const std::string old = "GET / HTTP/1.0\r\n" + lines + "\r\n";  // HTTP/1.0 has no expectations
    CHECK(status_of(old) == 200);
    CHECK_FALSE(parse_request(old)->expects_continue);
  }
  CHECK_FALSE(parse_request("GET / HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
                  ->expects_continue);
}

TEST_CASE("persistence (RFC 9112, 9.3)") {
  struct Row {
    std::string_view version;
    std::string_view connection;
    Persistence expected;
  };
  for (const Row& row : std::initializer_list<Row>{
           {"HTTP/1.1", "", Persistence::kSilent},
           {"HTTP/1.1", "Connection: keep-alive\r\n", Persistence::kSilent},
           {"HTTP/1.1", "Connection: close\r\n", Persistence::kClose},
           {"HTTP/1.1", "Connection: CLOSE\r\n", Persistence::kClose},
           {"HTTP/1.1", "Connection: x , ,\tclose\r\n", Persistence::kClose},
           {"HTTP/1.1", "Connection: x\r\nConnection: close\r\n", Persistence::kClose},
           {"HTTP/1.1", "Connection: keep-alive, close\r\n", Persistence::kClose},
           {"HTTP/1.1", "Connection: closed\r\n", Persistence::kSilent},
           {"HTTP/1.0", "", Persistence::kClose},
           {"HTTP/1.0", "Connection: Keep-Alive\r\n", Persistence::kKeepAlive},
           {"HTTP/1.0", "Connection: keep-alive, close\r\n", Persistence::kClose},
       }) {
    const std::string section = "GET / " + std::string(row.version) + "\r\nHost: a\r\n" +
                                std::string(row.connection) + "\r\n";
    CAPTURE(section);
    CHECK(parse_request(section)->persistence == row.expected);
  }
}
