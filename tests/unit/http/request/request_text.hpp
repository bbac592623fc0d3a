// Requests as text, and the status that each earns.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "http/request/request.hpp"
#include "http/request/section_scanner.hpp"

namespace mote::request_text {

// The status that a section earns, or 200.
inline int status_of(std::string_view section) {
  using Verdict = http::SectionScanner::Verdict;
  http::SectionScanner scanner;
  if (const Verdict verdict = scanner.scan(section); verdict != Verdict::kComplete) {
    REQUIRE(verdict == Verdict::kMalformed);
    return 400;
  }
  REQUIRE(scanner.bytes() == section.size());
  // Exactly as large, so that the sanitizer sees any byte read behind it.
  const std::vector<char> exact(section.begin(), section.end());
  const auto request = http::parse_request({exact.data(), exact.size()});
  return request ? 200 : static_cast<int>(request.error());
}

// A request with these lines behind its request line; Host is there already.
inline std::string with_fields(std::string_view lines) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(lines) + "\r\n";
}

inline std::string with_line(std::string_view line) {
  return std::string(line) + "\r\nHost: a\r\n\r\n";
}

}  // namespace mote::request_text
