// The statuses that are sent, with their reason phrases (RFC 9110, 15; RFC 6585, 5).
#pragma once

#include <cstdint>
#include <string_view>

namespace mote::http {

// Status code and reason phrase; empty for a status that isn't sent.
constexpr std::string_view status_text(std::uint16_t status) {
  constexpr std::string_view kTexts[] = {
      "200 OK",
      "204 No Content",
      "206 Partial Content",
      "301 Moved Permanently",
      "302 Found",
      "304 Not Modified",
      "307 Temporary Redirect",
      "308 Permanent Redirect",
      "400 Bad Request",
      "403 Forbidden",
      "404 Not Found",
      "405 Method Not Allowed",
      "408 Request Timeout",
      "412 Precondition Failed",
      "413 Content Too Large",
      "414 URI Too Long",
      "416 Range Not Satisfiable",
      "417 Expectation Failed",
      "421 Misdirected Request",
      "431 Request Header Fields Too Large",
      "500 Internal Server Error",
      "501 Not Implemented",
      "503 Service Unavailable",
      "505 HTTP Version Not Supported",
  };
  for (const std::string_view text : kTexts) {
    if ((text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0') == status) {
      return text;
    }
  }
  return {};
}

}  // namespace mote::http
