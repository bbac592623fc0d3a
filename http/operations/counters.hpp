// What the HTTP server counts, from its start on.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace mote::http {

// The statuses that this server sends, in ascending order.
inline constexpr auto kStatuses =
    std::to_array<std::uint16_t>({200, 204, 206, 301, 302, 304, 307, 308, 400, 403, 404, 405,
                                  408, 412, 413, 414, 416, 417, 421, 431, 500, 501, 503, 505});

// The place of a status among them; any other is an error of ours and counts as 500.
constexpr std::size_t find_status(std::uint16_t status) {
  for (std::size_t at = 0; at < kStatuses.size(); ++at) {
    if (kStatuses[at] == status) {
      return at;
    }
  }
  return find_status(500);
}

// The same; nearly all are the first.
constexpr std::size_t index_of_status(std::uint16_t status) {
  return status == kStatuses[0] ? 0 : find_status(status);
}
static_assert(index_of_status(200) == 0 && index_of_status(505) == kStatuses.size() - 1);
static_assert(kStatuses[index_of_status(299)] == 500 && kStatuses[index_of_status(599)] == 500);

struct Counters {
  std::array<std::uint64_t, kStatuses.size()> responses{};  // begun, in the order of kStatuses
  std::uint64_t bytes = 0;          // of responses handed to TCP, header blocks included
  std::uint64_t content_bytes = 0;  // of requests' content, framing included, read and discarded
  std::uint64_t content_too_large = 0;  // connections closed for content that is more than is read
  std::uint64_t content_broken = 0;     // connections closed for content whose framing is in doubt
  std::uint64_t connections = 0;        // accepted
  std::uint64_t refused = 0;            // connections turned away, all others being busy
  std::uint64_t evicted = 0;            // connections closed to make room for new ones
  std::uint64_t gave_way = 0;           // reset, because others needed what they had held longest
  std::uint64_t idle_timeouts = 0;
  std::uint64_t header_timeouts = 0;   // answered with 408
  std::uint64_t content_timeouts = 0;  // closed, because content didn't come within its time
  std::uint64_t stalls = 0;            // reset, because the peer took too little
  std::uint64_t no_buffer = 0;         // answered with 503: others needed their request buffer
  std::uint64_t no_memory = 0;         // writes put off, because lwIP had no memory
  std::size_t open = 0;                // connections now
};

}  // namespace mote::http
