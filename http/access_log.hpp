// The access log on the console: off by default, the combined format, bounded in rate.
#pragma once

#include <cstdint>
#include <string_view>

namespace mote::http {

struct LogOptions {
  bool combined = false;              // else nothing is written
  std::uint32_t lines_a_second = 50;  // more are counted and left out
};

// One response. `peer` is the client's IPv4 address in host order, `line` the request line and
// `fields` its field lines as they came (for Referer and User-Agent; what a terminal might obey is
// escaped). Never waits for the console: what doesn't fit is counted and left out.
void log_access(std::uint32_t peer, std::string_view line, std::string_view fields,
                std::uint16_t status, std::uint64_t body_bytes);

}  // namespace mote::http
