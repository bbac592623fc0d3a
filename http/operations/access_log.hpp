// The access log on the console: combined format, off by default, limited in rate.
#pragma once

#include <cstdint>
#include <string_view>

#include "kernel/time/clock.hpp"
#include "netstack/stream.hpp"

namespace mote::http {

struct LogOptions {
  bool combined = false;              // write the log, in the combined format
  std::uint32_t lines_a_second = 50;  // the rest are counted and left out
};

// Logs one response. `peer` is the client's address; `line` is the request line and `fields` the
// field lines, both as received (Referer and User-Agent are taken from them, and anything a
// terminal might act on is escaped). Never waits for the console: lines that don't fit are counted
// and left out. Without a wall clock, the time is the time since the start, written as if counted
// from 1970.
void log_access(const netstack::PeerAddress& peer, std::string_view line, std::string_view fields,
                std::uint16_t status, std::uint64_t body_bytes);

// Lines left out since the start.
[[nodiscard]] std::uint64_t access_lines_lost();

// Call now and then: tells the console, at most once a minute, how many lines were left out.
void tell_of_lost_lines(Nanoseconds now);

}  // namespace mote::http
