// What all responses begin with: the status line, Date, and Connection where it must be said.
//
// Made at most once a second for each status and persistence, and sent by reference: each lies in
// one of a few generations, so that one that is on its way to the wire isn't written to. A segment
// that is resent much later may carry a later date; it is a valid one, of the same length.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/request.hpp"

namespace mote::http {

// `status` is one that this server sends; another is an error of ours and gets 500. Without a wall
// clock there is no Date (RFC 9110, 6.6.1).
[[nodiscard]] std::string_view preface(std::uint16_t status, Persistence persistence);

}  // namespace mote::http
