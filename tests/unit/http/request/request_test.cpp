// Parsing requests, and resolving paths.
#include "http/request/request.hpp"

#include <doctest/doctest.h>

#include <array>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "http/request/target.hpp"
#include "tests/unit/http/request/request_text.hpp"

using namespace mote::http;
using namespace mote::request_text;
using namespace std::string_view_literals;

namespace {

std::string resolved(std::string_view path) {
  std::array<char, 256> scratch;
  const auto result = resolve_path(path, scratch);
  return result ? std::string(*result) : "bad";
}

// Checks the status for each request line.
void check(std::initializer_list<std::pair<std::string_view, int>> rows) {
  for (const auto& [line, status] : rows) {
    CAPTURE(line);
    CHECK(status_of(with_line(line)) == status);
  }
}

}  // namespace

TEST_CASE("request line (RFC 9112, 3)") {
  check({
      {"GET / HTTP/1.1", 200},
      {"GET /a/b?c=d HTTP/1.1", 200},
      {"GET /%41\xC3\xA9 HTTP/1.1", 200},
      {"GET / HTTP/1.2", 200},  // 2.3: a higher minor version is read as 1.1
      {"GET / HTTP/1.9", 200},
      {"GET / HTTP/2.0", 505},
      {"PRI * HTTP/2.0", 505},
      {"GET / HTTP/3.1", 505},
      {"GET / HTTP/0.9", 400},
      {"GET / HTTP/2.00", 400},
      {"GET / HTTP/2.x", 400},
      {"GET / HTTP/1.1x", 400},
      {"GET / HTTP/1.", 400},
      {"GET / HTTP/1.1\tx", 400},
      {"GET / XTTP/1.1", 400},
      {"GET / H", 400},
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
      {"GET / HTTP/1.1\r", 400},  // 2.2: a bare CR
      {"GET / HTTP/1.0\r", 400},
      {"GET /a b HTTP/1.1", 400},
      {"GET\t/ HTTP/1.1", 400},
      {"GET /\t HTTP/1.1", 400},
      {"GET /\x01 HTTP/1.1", 400},
      {"GET /\x7F HTTP/1.1", 400},
      {"GET /\r HTTP/1.1", 400},
      {"GET /#a HTTP/1.1", 400},
      {"G(T / HTTP/1.1", 400},
      {"get / HTTP/1.1", 501},  // 3.1: methods are case-sensitive
      {"Head / HTTP/1.1", 501},
      {"GETT / HTTP/1.1", 501},
      {"GE / HTTP/1.1", 501},
      {"PATCHES / HTTP/1.1", 501},
      {"BREW / HTTP/1.1", 501},
      {"BREW whatever HTTP/1.1", 501},
  });
  CHECK(status_of(with_line("GET /\0 HTTP/1.1"sv)) == 400);
}

TEST_CASE("request target (RFC 9112, 3.2): four forms, and invalid ones") {
  check({
      {"GET a HTTP/1.1", 400},
      {"GET * HTTP/1.1", 400},
      {"GET http://example.org/a HTTP/1.1", 200},
      {"GET HTTP://example.org:80 HTTP/1.1", 200},
      {"GET https://[2001:db8::1]:443/ HTTP/1.1", 200},
      {"GET http:///a HTTP/1.1", 400},  // RFC 9110, 4.2.1
      {"GET http://:80/a HTTP/1.1", 400},
      {"GET http://user@example.org/ HTTP/1.1", 400},  // RFC 9110, 4.2.4
      {"GET http://example.org:8x/ HTTP/1.1", 400},
      {"GET http://[::1/ HTTP/1.1", 400},
      {"GET http://a b/ HTTP/1.1", 400},
      {"GET http:/a HTTP/1.1", 400},
      {"GET http: HTTP/1.1", 400},
      {"GET ftp://example.org/ HTTP/1.1", 400},
      {"OPTIONS * HTTP/1.1", 200},
      {"OPTIONS / HTTP/1.1", 200},
      {"OPTIONS ** HTTP/1.1", 400},
      {"HEAD * HTTP/1.1", 400},  // 3.2.4: for OPTIONS alone
      {"POST * HTTP/1.1", 400},
      {"POST /a HTTP/1.1", 200},
      {"POST a HTTP/1.1", 400},
      {"CONNECT example.org:80 HTTP/1.1", 200},  // RFC 9110, 9.3.6
      {"CONNECT [::1]:80 HTTP/1.1", 200},
      {"CONNECT example.org HTTP/1.1", 400},
      {"CONNECT example.org: HTTP/1.1", 400},
      {"CONNECT :80 HTTP/1.1", 400},
      {"CONNECT / HTTP/1.1", 400},
      {"CONNECT http://example.org:80/ HTTP/1.1", 400},
      {"GET example.org:80 HTTP/1.1", 400},
  });
}

TEST_CASE("request target (RFC 9112, 3.2): path, query, host, form") {
  struct Row {
    const char* line;
    const char* path;
    const char* query;
    const char* host;
    TargetForm form;
  };
  for (const Row& row : std::initializer_list<Row>{
           {"GET / HTTP/1.1", "/", "", "a", TargetForm::kOrigin},
           {"GET /a/../b?c/d?e HTTP/1.1", "/a/../b", "?c/d?e", "a", TargetForm::kOrigin},
           {"GET /a? HTTP/1.1", "/a", "?", "a", TargetForm::kOrigin},
           {"GET //h/a HTTP/1.1", "//h/a", "", "a", TargetForm::kOrigin},
           {"GET http://h HTTP/1.1", "/", "", "h", TargetForm::kAbsolute},
           {"GET HTTP://H:8080?q HTTP/1.1", "/", "?q", "H:8080", TargetForm::kAbsolute},
           {"GET http://h/a?q HTTP/1.1", "/a", "?q", "h", TargetForm::kAbsolute},
           {"HEAD https://[::1]:1/a HTTP/1.0", "/a", "", "[::1]:1", TargetForm::kAbsolute},
           {"OPTIONS http://h/ HTTP/1.1", "/", "", "h", TargetForm::kAbsolute},
           {"OPTIONS http://h HTTP/1.1", "", "", "h", TargetForm::kAsterisk},  // 3.2.4
           {"OPTIONS * HTTP/1.1", "", "", "a", TargetForm::kAsterisk},
           {"CONNECT h:1 HTTP/1.1", "", "", "a", TargetForm::kOrigin},
       }) {
    CAPTURE(row.line);
    const std::string section = with_line(row.line);
    const auto request = parse_request(section);
    REQUIRE(request.has_value());
    CHECK(request->line == row.line);
    CHECK(request->path == row.path);
    CHECK(request->query == row.query);
    CHECK(request->host == row.host);
    CHECK(request->form == row.form);
    CHECK(request->fields == "Host: a\r\n");
  }
  CHECK(parse_request("GET / HTTP/1.0\r\n\r\n")->fields.empty());
  CHECK(parse_request("GET / HTTP/1.0\r\n\r\n")->host.empty());
  CHECK(parse_request("GET http://h/ HTTP/1.0\r\n\r\n")->host == "h");
  // 3.2: Host is required all the same.
  CHECK(status_of("GET http://h/ HTTP/1.1\r\n\r\n") == 400);
  CHECK(status_of("GET http://h/ HTTP/1.1\r\nHost: @\r\n\r\n") == 400);
}

TEST_CASE(
    "methods: GET and HEAD are served, OPTIONS is answered, the rest of RFC 9110's are known") {
  CHECK(parse_request(with_line("GET / HTTP/1.1"))->method == Method::kGet);
  CHECK(parse_request(with_line("HEAD / HTTP/1.1"))->method == Method::kHead);
  CHECK(parse_request(with_line("OPTIONS / HTTP/1.1"))->method == Method::kOptions);
  for (const char* method : {"POST", "PUT", "DELETE", "TRACE", "PATCH"}) {
    const std::string section = with_line(std::string(method) + " / HTTP/1.1");
    CHECK(parse_request(section)->method == Method::kOther);
    CHECK(parse_request(section)->persistence == Persistence::kSilent);
  }
  const std::string connect = with_line("CONNECT a:80 HTTP/1.1");
  CHECK(parse_request(connect)->method == Method::kOther);
  CHECK(parse_request(connect)->persistence == Persistence::kClose);
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
           {"A\t: b\r\n", 400},
           {"A: b\x0B\r\n", 400},
           {"A: \x0C\r\n", 400},
           {"\rA: b\r\n", 400},
           {"A\r: b\r\n", 400},
           {"A:\rb\r\n", 400},
           {"\x80: b\r\n", 400},
           {"Host : b\r\n", 400},
           {"Transfer-Encoding : chunked\r\n", 400},
           {"Transfer-Encoding\x0B: chunked\r\n", 400},
           {"X: y\r\n\tTransfer-Encoding: chunked\r\n", 400},
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
  CHECK(with_hosts("HTTP/1.1", "Host:\r\nHost: a\r\n") == 400);
  CHECK(with_hosts("HTTP/1.1", "Host: a\r\nX: y\r\nHOST: \r\n") == 400);
  CHECK(with_hosts("HTTP/1.2", "") == 400);
  for (const char* host : {"", "a", "a.b:80", "a:", "127.0.0.1:8080", "[::1]", "[::1]:80", "a_b",
                           "[v1.x:y]", "%41", "a."}) {
    CAPTURE(host);
    CHECK(with_hosts("HTTP/1.1", "hOsT: " + std::string(host) + "\r\n") == 200);
  }
  for (const char* host :
       {"a b",   "a/b",   "a@b", "a:8x", "a:b:80", "[::1",  "[::1]x", "a]",       "a,b", "a[b]",
        "\"a\"", "a\x80", ":80", "[]",   "[",      "[]:80", "a:80:",  "http://a", "a?b", "a#b"}) {
    CAPTURE(host);
    const bool allowed = std::string_view(host) == "a,b";  // sub-delims of RFC 3986, 3.2.2
    CHECK(with_hosts("HTTP/1.1", "Host: " + std::string(host) + "\r\n") == (allowed ? 200 : 400));
  }
}

TEST_CASE("fields that affect the response are noticed, in any case, and no others") {
  const auto flags = [](const std::string& name) {
    const std::string section = with_fields(name + ": x\r\n");
    const auto request = parse_request(section);
    return std::array{request->is_conditional, request->has_accept_encoding, request->has_range};
  };
  for (const char* name :
       {"If-Match", "if-none-match", "If-Modified-Since", "IF-UNMODIFIED-SINCE"}) {
    CHECK(flags(name) == std::array{true, false, false});
  }
  CHECK(flags("accept-Encoding") == std::array{false, true, false});
  CHECK(flags("rAnGe") == std::array{false, false, true});
  for (const char* name : {"If-Range", "If_Match", "Hf-Match", "If-Matcj", "Accept-Language",
                           "Range1", "Rang", "Rbnge", "If-None-Matcg", "X"}) {
    CAPTURE(name);
    CHECK(flags(name) == std::array{false, false, false});
  }
}

TEST_CASE("a field name with one letter changed isn't recognized") {
  for (const std::string_view name :
       {"host"sv, "range"sv, "expect"sv, "if-match"sv, "connection"sv, "if-none-match"sv,
        "content-length"sv, "accept-encoding"sv, "transfer-encoding"sv, "if-modified-since"sv,
        "if-unmodified-since"sv}) {
    for (std::size_t at = 0; at < name.size(); ++at) {
      std::string other(name);
      other[at] = other[at] == '-' ? '_' : static_cast<char>(other[at] ^ 1);
      CAPTURE(other);
      // A value that most of these fields would reject.
      const std::string section = with_fields(other + ": close, @\r\n");
      const auto request = parse_request(section);
      REQUIRE(request.has_value());
      CHECK_FALSE(request->is_conditional);
      CHECK_FALSE(request->has_accept_encoding);
      CHECK_FALSE(request->has_range);
      CHECK(request->persistence == Persistence::kSilent);
    }
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
