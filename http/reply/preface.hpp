// What all responses begin with: the status line, Date, and Connection where it must be said.
//
// Made at most once a second for each status and persistence, and sent by copy, for a segment that
// is resent must be what it was.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/request/request.hpp"

namespace mote::http {

// `status` is one that this server sends; another is an error of ours and gets 500. Without a wall
// clock there is no Date (RFC 9110, 6.6.1). The text's memory is the same for each second, and its
// length too.
[[nodiscard]] std::string_view preface(std::uint16_t status, Persistence persistence);

// No Date is earlier than this, in seconds since 1970: a wall clock that is behind the newest file
// that is served is wrong, and no Last-Modified may be later than Date (RFC 9110, 8.8.2.1).
void set_earliest_date(std::uint64_t second);

}  // namespace mote::http
