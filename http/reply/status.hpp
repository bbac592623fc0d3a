// The statuses that Mote sends, with their reason phrases (RFC 9110, 15; RFC 6585, 5).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mote::http {

// Status codes and reason phrases, in ascending order.
inline constexpr auto kStatusTexts = std::to_array<std::string_view>({
    "200 OK",
    "204 No Content",
    "206 Partial Content",
    "301 Moved Permanently",
    "302 Found",
    "304 Not Modified",
    "307 Temporary Redirect",
    "308 Permanent Redirect",
    "400 Bad Request",
    "404 Not Found",
    "405 Method Not Allowed",
    "408 Request Timeout",
    "412 Precondition Failed",
    "414 URI Too Long",
    "416 Range Not Satisfiable",
    "417 Expectation Failed",
    "431 Request Header Fields Too Large",
    "500 Internal Server Error",
    "501 Not Implemented",
    "503 Service Unavailable",
    "505 HTTP Version Not Supported",
});

// The codes alone, in the same order.
inline constexpr auto kStatuses = [] {
  std::array<std::uint16_t, kStatusTexts.size()> codes{};
  for (std::size_t at = 0; at < codes.size(); ++at) {
    const std::string_view text = kStatusTexts[at];
    codes[at] =
        static_cast<std::uint16_t>((text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0'));
  }
  return codes;
}();

// The index of a status in kStatuses; any other is our bug and counts as 500.
constexpr std::size_t find_status(std::uint16_t status) {
  for (std::size_t at = 0; at < kStatuses.size(); ++at) {
    if (kStatuses[at] == status) {
      return at;
    }
  }
  return find_status(500);
}

// The same, quicker for 200, which nearly all are.
constexpr std::size_t index_of_status(std::uint16_t status) {
  return status == kStatuses[0] ? 0 : find_status(status);
}
static_assert(index_of_status(200) == 0 && index_of_status(505) == kStatuses.size() - 1);
static_assert(kStatuses[index_of_status(299)] == 500 && kStatuses[index_of_status(599)] == 500);

// Status code and reason phrase.
constexpr std::string_view status_text(std::uint16_t status) {
  return kStatusTexts[index_of_status(status)];
}

}  // namespace mote::http
