// The scanner: finding a header section's end in bytes that arrive in any pieces, and its limits.
#include "http/request/section_scanner.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "http/limits.hpp"
#include "http/request/request.hpp"

using namespace mote::http;
using namespace std::string_view_literals;
using Verdict = SectionScanner::Verdict;

namespace {

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

Verdict scan_whole(std::string_view input) { return SectionScanner().scan(input); }

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

TEST_CASE("scanner: finds line feeds at any place, among bytes that resemble them") {
  for (std::size_t before = 0; before < 20; ++before) {
    for (const char filler : {'a', '\x0B', '\x8A', '\xFF', '\x00', '\x09', '\x01'}) {
      const std::string line = "GET /" + std::string(before, filler) + " HTTP/1.1\r\n";
      CHECK(scan_whole(line) == Verdict::kIncomplete);
      SectionScanner scanner;
      CHECK(scanner.scan(line + "\r\nmore that follows") == Verdict::kComplete);
      CHECK(scanner.bytes() == line.size() + 2);
      CHECK(scan_whole("GET /" + std::string(before, filler) + "\n") == Verdict::kMalformed);
    }
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
