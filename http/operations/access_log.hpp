// The access log on the console: off by default, the combined format, bounded in rate.
#pragma once

#include <cstdint>
#include <string_view>

#include "kernel/time/clock.hpp"
#include "netstack/stream.hpp"

namespace mote::http {

struct LogOptions {
  bool combined = false;              // else nothing is written
  std::uint32_t lines_a_second = 50;  // more are counted and left out
};

// One response. `peer` is the client's address, `line` the request line and
// `fields` its field lines as they came (for Referer and User-Agent; what a terminal might obey is
// escaped). Never waits for the console: what doesn't fit is counted and left out. Without a wall
// clock the time is the machine's own, from 1970 on.
void log_access(const netstack::PeerAddress& peer, std::string_view line, std::string_view fields,
                std::uint16_t status, std::uint64_t body_bytes);

// Lines left out since the start.
[[nodiscard]] std::uint64_t access_lines_lost();

// To be called now and then: says on the console, at most once a minute, how many were left out.
void tell_of_lost_lines(Nanoseconds now);

}  // namespace mote::http
