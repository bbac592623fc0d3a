// Requests as text, and their statuses.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "http/request/request.hpp"
#include "http/request/section_scanner.hpp"

namespace mote::request_text {

// The error status for a section, or 200.
inline int status_of(std::string_view section) {
  using Verdict = http::SectionScanner::Verdict;
  http::SectionScanner scanner;
  if (const Verdict verdict = scanner.scan(section); verdict != Verdict::kComplete) {
    REQUIRE(verdict == Verdict::kMalformed);
    return 400;
  }
  REQUIRE(scanner.bytes() == section.size());
  // In memory of exactly its size, so that the sanitizer sees any read beyond it.
  const std::vector<char> exact(section.begin(), section.end());
  const auto request = http::parse_request({exact.data(), exact.size()});
  return request ? 200 : static_cast<int>(request.error());
}

// A request with these field lines; it already has Host.
inline std::string with_fields(std::string_view lines) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(lines) + "\r\n";
}

inline std::string with_line(std::string_view line) {
  return std::string(line) + "\r\nHost: a\r\n\r\n";
}

}  // namespace mote::request_text
