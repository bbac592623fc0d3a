// HTTP dates (RFC 9110, section 5.6.7).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace mote::http {

// Parses a date in any of the three forms (IMF-fixdate, RFC 850, asctime) into seconds since
// 1970-01-01T00:00:00Z, negative for earlier dates. Nothing: it has none of these forms or doesn't
// exist in the calendar. The day's name must be valid but isn't checked against the date. Two-digit
// years mean 1970 to 2069.
[[nodiscard]] std::optional<std::int64_t> parse_date(std::string_view text);

// Writes seconds since 1970 as an IMF-fixdate ("Sun, 06 Nov 1994 08:49:37 GMT"). Later times are
// written as the last second of the year 9999.
inline constexpr std::size_t kDateBytes = 29;
void write_date(std::uint64_t seconds, std::array<char, kDateBytes>& text);

}  // namespace mote::http
