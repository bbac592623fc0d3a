// The preface that begins every response: status line, Date, and Connection where needed.
//
// Formatted at most once a second for each status and persistence. Sent by copy, because a segment
// must be unchanged when it is resent.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/request/request.hpp"

namespace mote::http {

// `status` must be one that Mote sends; any other is our bug and becomes 500. Without a wall clock
// there is no Date (RFC 9110, 6.6.1). Each status and persistence has one place in memory, which
// the next second's text, of the same length, overwrites.
[[nodiscard]] std::string_view preface(std::uint16_t status, Persistence persistence);

// Sets a lower limit for Date, in seconds since 1970. A wall clock behind the newest file served
// must be wrong, and Last-Modified must not be later than Date (RFC 9110, 8.8.2.1).
void set_earliest_date(std::uint64_t second);

}  // namespace mote::http
