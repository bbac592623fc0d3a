// Requests: finding their end, reading them, resolving paths.
#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "http/request.hpp"
#include "http/target.hpp"
#include "kernel/limits.hpp"

using namespace mote::http;
using namespace std::string_view_literals;
using Verdict = SectionScanner::Verdict;

namespace {

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

Verdict scan_whole(std::string_view input) { return SectionScanner().scan(input); }

// The status that a section earns, or 200.
int status_of(std::string_view section) {
  SectionScanner scanner;
  if (const Verdict verdict = scanner.scan(section); verdict != Verdict::kComplete) {
    REQUIRE(verdict == Verdict::kMalformed);
    return 400;
  }
  REQUIRE(scanner.bytes() == section.size());
  const auto request = parse_request(section);
  return request ? 200 : static_cast<int>(request.error());
}

// A request with these lines behind its request line; Host is there already.
std::string with_fields(std::string_view lines) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(lines) + "\r\n";
}

std::string with_line(std::string_view line) { return std::string(line) + "\r\nHost: a\r\n\r\n"; }

std::string resolved(std::string_view path) {
  std::array<char, 256> scratch;
  const auto result = resolve_path(path, scratch);
  return result ? std::string(*result) : "bad";
}

}  // namespace

TEST_CASE("scanner: a request cut at any byte is incomplete, then complete where it ends") {
  for (const std::string_view request :
       {kGet, "HEAD /a?b HTTP/1.0\r\n\r\n"sv,
        "GET / HTTP/1.1\r\nA: \t b \r\nHost:\r\nEmpty:\r\n\r\n"sv}) {
    for (std::size_t cut = 0; cut < request.size(); ++cut) {
      SectionScanner scanner;
      CHECK(scanner.scan(request.substr(0, cut)) == Verdict::kIncomplete);
      CHECK(scanner.scan(std::string(request) + "GET") == Verdict::kComplete);
      CHECK(scanner.bytes() == request.size());
    }
    SectionScanner scanner;
    for (std::size_t size = 0; size < request.size(); ++size) {
      CHECK(scanner.scan(request.substr(0, size)) == Verdict::kIncomplete);
    }
    CHECK(scanner.scan(request) == Verdict::kComplete);
    CHECK(parse_request(request).has_value());
  }
}

TEST_CASE("scanner: lines end in CRLF (RFC 9112, 2.2)") {
  CHECK(scan_whole("GET / HTTP/1.1\n") == Verdict::kMalformed);
  CHECK(scan_whole("GET / HTTP/1.1\r\nHost: a\n") == Verdict::kMalformed);
  CHECK(scan_whole("GET / HTTP/1.1\r\nHost: a\r\n\n") == Verdict::kMalformed);
  CHECK(scan_whole("\r\nGET") == Verdict::kMalformed);
  CHECK(scan_whole("\x16\x03\x01") == Verdict::kMalformed);
  CHECK(scan_whole(" GET / HTTP/1.1") == Verdict::kMalformed);
}

TEST_CASE("scanner: the limits") {
  using namespace mote::limits;
  const auto line_of = [](std::size_t bytes) {
    const std::string_view rest = "GET / HTTP/1.1";
    return "GET /" + std::string(bytes - rest.size(), 'a') + " HTTP/1.1";
  };
  CHECK(scan_whole(line_of(kRequestLineBytes) + "\r\n\r\n") == Verdict::kComplete);
  CHECK(scan_whole(line_of(kRequestLineBytes) + "\r") == Verdict::kIncomplete);
  CHECK(scan_whole(line_of(kRequestLineBytes + 1) + "\r\n\r\n") == Verdict::kLineTooLong);
  CHECK(scan_whole(std::string(kRequestLineBytes + 2, 'G')) == Verdict::kLineTooLong);

  const std::string line = "GET / HTTP/1.1\r\n";
  const std::string most = "A: " + std::string(kHeaderBytes - 7, 'b') + "\r\n\r\n";
  CHECK(scan_whole(line_of(kRequestLineBytes) + "\r\n" + most) == Verdict::kComplete);
  CHECK(scan_whole(line + "A" + most) == Verdict::kTooLarge);
  CHECK(scan_whole(line + std::string(kHeaderBytes, 'b')) == Verdict::kIncomplete);
  CHECK(scan_whole(line + std::string(kHeaderBytes + 1, 'b')) == Verdict::kTooLarge);
  CHECK(scan_whole(line + std::string(100'000, 'b')) == Verdict::kTooLarge);

  std::string fields;
  for (std::size_t count = 0; count < kHeaderFields; ++count) {
    fields += "A: b\r\n";
  }
  CHECK(scan_whole(line + fields + "\r\n") == Verdict::kComplete);
  CHECK(scan_whole(line + fields + "A: b\r\n") == Verdict::kTooLarge);
}

TEST_CASE("request line (RFC 9112, 3)") {
  struct Row {
    std::string_view line;
    int status;
  };
  for (const Row& row : std::initializer_list<Row>{
           {"GET / HTTP/1.1", 200},
           {"GET /a/b?c=d HTTP/1.1", 200},
           {"GET /%41\xC3\xA9 HTTP/1.1", 200},
           {"GET / HTTP/1.2", 200},  // 2.3: a higher minor version is understood as 1.1
           {"GET / HTTP/1.9", 200},
           {"GET / HTTP/2.0", 505},
           {"PRI * HTTP/2.0", 505},
           {"GET / HTTP/0.9", 505},
           {"GET / HTTP/1.10", 400},
           {"GET / HTTP/1", 400},
           {"GET / http/1.1", 400},
           {"GET / HTTP/1.x", 400},
           {"GET / HTTP/1,1", 400},
           {"GET / ", 400},
           {"GET /", 400},
           {"GET", 400},
           {"GET  / HTTP/1.1", 400},
           {"GET /  HTTP/1.1", 400},
           {"GET / HTTP/1.1 ", 400},
           {"GET /a b HTTP/1.1", 400},
           {"GET\t/ HTTP/1.1", 400},
           {"GET /\t HTTP/1.1", 400},
           {"GET /\x01 HTTP/1.1", 400},
           {"GET /\x7F HTTP/1.1", 400},
           {"GET /\r HTTP/1.1", 400},
           {"GET /#a HTTP/1.1", 400},
           {"GET a HTTP/1.1", 400},
           {"GET * HTTP/1.1", 400},
           {"G(T / HTTP/1.1", 400},
           {"get / HTTP/1.1", 501},  // 3.1: methods are case-sensitive
           {"BREW / HTTP/1.1", 501},
           {"GET http://example.org/a HTTP/1.1", 200},
           {"GET HTTP://example.org:80 HTTP/1.1", 200},
           {"GET https://[2001:db8::1]:443/ HTTP/1.1", 200},
           {"GET http:///a HTTP/1.1", 400},  // RFC 9110, 4.2.1
           {"GET http://:80/a HTTP/1.1", 400},
           {"GET http://user@example.org/ HTTP/1.1", 400},  // RFC 9110, 4.2.4
           {"GET http://example.org:8x/ HTTP/1.1", 400},
           {"GET ftp://example.org/ HTTP/1.1", 400},
           {"OPTIONS * HTTP/1.1", 200},
           {"CONNECT example.org:80 HTTP/1.1", 200},
           {"POST /a HTTP/1.1", 200},
       }) {
    CAPTURE(row.line);
    CHECK(status_of(with_line(row.line)) == row.status);
  }
  CHECK(status_of(with_line("GET /\0 HTTP/1.1"sv)) == 400);
}

TEST_CASE("request target: path without query, from both forms") {
  for (const auto& [line, path] : std::initializer_list<std::pair<const char*, const char*>>{
           {"GET / HTTP/1.1", "/"},
           {"GET /a/../b?c/d?e HTTP/1.1", "/a/../b"},
           {"GET http://h HTTP/1.1", "/"},
           {"GET http://h?q HTTP/1.1", "/"},
           {"GET http://h/a?q HTTP/1.1", "/a"},
           {"GET //h/a HTTP/1.1", "//h/a"},
       }) {
    const std::string section = with_line(line);
    CHECK(parse_request(section)->path == path);
  }
}

TEST_CASE("methods: two are served, the others of RFC 9110 are known") {
  CHECK(parse_request(with_line("GET / HTTP/1.1"))->method == Method::kGet);
  CHECK(parse_request(with_line("HEAD / HTTP/1.1"))->method == Method::kHead);
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"}) {
    CHECK(parse_request(with_line(std::string(method) + " / HTTP/1.1"))->method == Method::kOther);
  }
}

TEST_CASE("field lines (RFC 9112, 5; RFC 9110, 5.5 and 5.6.2)") {
  for (const auto& [lines, status] : std::initializer_list<std::pair<std::string_view, int>>{
           {"A: b\r\n", 200},
           {"A:b\r\nC:\r\nD: \t e \t\r\n", 200},
           {"A: \x80\xFF\r\n", 200},
           {"A!#$%&'*+-.^_`|~09: b\r\n", 200},
           {"A : b\r\n", 400},  // 5.1: no white space before the colon
           {" A: b\r\n", 400},  // 5.2: no folding
           {"A: b\r\n c\r\n", 400},
           {"A: b\r\n\tc\r\n", 400},
           {"A\r\n", 400},
           {": b\r\n", 400},
           {"A(: b\r\n", 400},
           {"A: b\x01\r\n", 400},
           {"A: b\x7F\r\n", 400},
           {"A: b\rc\r\n", 400},  // 2.2: a bare CR
           {"A: b\r\r\n", 400},
           {"A: b\0c\r\n"sv, 400},
           {"A\0: b\r\n"sv, 400},
       }) {
    CAPTURE(lines);
    CHECK(status_of(with_fields(lines)) == status);
  }
}

TEST_CASE("Host (RFC 9112, 3.2; RFC 9110, 7.2)") {
  const auto with_hosts = [](std::string_view version, std::string_view lines) {
    return status_of("GET / " + std::string(version) + "\r\n" + std::string(lines) + "\r\n");
  };
  CHECK(with_hosts("HTTP/1.1", "") == 400);
  CHECK(with_hosts("HTTP/1.0", "") == 200);
  CHECK(with_hosts("HTTP/1.1", "Host: a\r\nHost: a\r\n") == 400);
  CHECK(with_hosts("HTTP/1.0", "Host: a\r\nHost: b\r\n") == 400);
  for (const char* host : {"", "a", "a.b:80", "a:", "127.0.0.1:8080", "[::1]", "[::1]:80", "a_b"}) {
    CAPTURE(host);
    CHECK(with_hosts("HTTP/1.1", "hOsT: " + std::string(host) + "\r\n") == 200);
  }
  for (const char* host : {"a b", "a/b", "a@b", "a:8x", "a:b:80", "[::1", "[::1]x", "a]", "a,b",
                           "a[b]", "\"a\"", "a\x80"}) {
    CAPTURE(host);
    const bool allowed = std::string_view(host) == "a,b";  // sub-delims of RFC 3986, 3.2.2
    CHECK(with_hosts("HTTP/1.1", "Host: " + std::string(host) + "\r\n") == (allowed ? 200 : 400));
  }
}

TEST_CASE("framing (RFC 9112, 6.1 and 6.3; RFC 9110, 8.6)") {
  struct Row {
    std::string_view lines;
    int status;
    bool has_body;
  };
  for (const Row& row : std::initializer_list<Row>{
           {"", 200, false},
           {"Content-Length: 0\r\n", 200, false},
           {"Content-Length: 000\r\n", 200, false},
           {"Content-Length: 5\r\n", 200, true},
           {"Content-Length: 99999999999999999999999999\r\n", 200, true},
           {"Content-Length: \r\n", 400, false},
           {"Content-Length: +5\r\n", 400, false},
           {"Content-Length: -1\r\n", 400, false},
           {"Content-Length: 5 5\r\n", 400, false},
           {"Content-Length: 5,5\r\n", 400, false},
           {"Content-Length: 0x5\r\n", 400, false},
           {"Content-Length: 5\r\nContent-Length: 5\r\n", 400, false},
           {"Content-Length: 5\r\nContent-Length: 6\r\n", 400, false},
           {"Transfer-Encoding: chunked\r\n", 200, true},
           {"Transfer-Encoding: , Chunked\r\n", 200, true},
           {"Transfer-Encoding: gzip, chunked\r\n", 501, false},
           {"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", 501, false},
           {"Transfer-Encoding: chunked, gzip\r\n", 400, false},
           {"Transfer-Encoding: chunked, chunked\r\n", 400, false},
           {"Transfer-Encoding: chunked;q=1\r\n", 400, false},
           {"Transfer-Encoding: gzip\r\n", 400, false},
           {"Transfer-Encoding: xchunked\r\n", 400, false},
           {"Transfer-Encoding:\r\n", 400, false},
           {"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400, false},
           {"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", 400, false},
       }) {
    CAPTURE(row.lines);
    const std::string section = with_fields(row.lines);
    CHECK(status_of(section) == row.status);
    if (row.status == 200) {
      CHECK(parse_request(section)->has_body == row.has_body);
    }
  }
  CHECK(status_of("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
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

TEST_CASE("preconditions are noticed") {
  CHECK_FALSE(parse_request(kGet)->is_conditional);
  for (const char* name :
       {"If-Match", "if-none-match", "If-Modified-Since", "If-Unmodified-Since"}) {
    CHECK(parse_request(with_fields(std::string(name) + ": x\r\n"))->is_conditional);
  }
}

TEST_CASE("paths: decoding and dot segments (RFC 3986, 2.1, 5.2.4 and 6.2.2)") {
  for (const auto& [path, expected] : std::initializer_list<std::pair<const char*, const char*>>{
           {"/", "/"},
           {"/a/b", "/a/b"},
           {"/a%20b%2Bc+d", "/a b+c+d"},
           {"/%e2%82%AC", "/\xE2\x82\xAC"},
           {"/%2541", "/%41"},  // decoded once
           {"/.", "/"},
           {"/./", "/"},
           {"/a/.", "/a/"},
           {"/a/./b", "/a/b"},
           {"/..", "/"},
           {"/../../etc/passwd", "/etc/passwd"},
           {"/a/..", "/"},
           {"/a/b/..", "/a/"},
           {"/a/b/../c", "/a/c"},
           {"/a/b/../../../c", "/c"},
           {"/%2e%2e/a", "/a"},
           {"/a/%2E/b/.%2e/c", "/a/c"},
           {"/...", "/..."},
           {"/.a/..b", "/.a/..b"},
           {"//", "/"},
           {"//a//b//", "/a/b/"},
           {"/a//../b", "/b"},
           {"/a%2Fb", ""},
           {"/a%2f..%2fb", ""},
           {"/a\\b", "/a\\b"},
           {"/%", "bad"},
           {"/%4", "bad"},
           {"/%4g", "bad"},
           {"/%%41", "bad"},
           {"/%00", "bad"},
           {"/a%00.html", "bad"},
       }) {
    CAPTURE(path);
    CHECK(resolved(path) == expected);
  }
}
