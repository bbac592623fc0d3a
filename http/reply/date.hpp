// HTTP dates (RFC 9110, section 5.6.7).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace mote::http {

// Seconds since 1970-01-01T00:00:00Z, negative before it, of a date in any of the three forms:
// IMF-fixdate, RFC 850's and asctime's; nothing if it is none of them or no day of the calendar.
// The name of the day must be one, but isn't checked against the date. A year of two digits lies
// from 1970 to 2069.
[[nodiscard]] std::optional<std::int64_t> parse_date(std::string_view text);

// Writes an IMF-fixdate ("Sun, 06 Nov 1994 08:49:37 GMT") of seconds since 1970. What lies behind
// the year 9999 becomes its last second.
inline constexpr std::size_t kDateBytes = 29;
void write_date(std::uint64_t seconds, std::array<char, kDateBytes>& text);

}  // namespace mote::http
