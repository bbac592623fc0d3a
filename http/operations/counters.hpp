// The HTTP server's counters, from its start on.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "http/reply/status.hpp"

namespace mote::http {

struct Counters {
  std::array<std::uint64_t, kStatuses.size()> responses{};  // begun, in the order of kStatuses
  std::uint64_t bytes = 0;          // of responses handed to TCP, header blocks included
  std::uint64_t content_bytes = 0;  // of requests' content, framing included, read and discarded
  std::uint64_t content_too_large =
      0;                             // connections closed: more content than limits::kContentBytes
  std::uint64_t content_broken = 0;  // connections closed: invalid framing of content
  std::uint64_t connections = 0;     // accepted
  std::uint64_t refused = 0;         // connections turned away because all others were busy
  std::uint64_t refused_by_address = 0;  // because their address had too many
  std::uint64_t evicted = 0;             // connections closed to make room for new ones
  std::uint64_t gave_way = 0;            // reset because others needed what they had held longest
  std::uint64_t idle_timeouts = 0;
  std::uint64_t header_timeouts = 0;   // answered with 408
  std::uint64_t content_timeouts = 0;  // closed because content didn't come in time
  std::uint64_t stalls = 0;            // reset because the peer took too little
  std::uint64_t no_buffer = 0;  // answered with 503: no request buffer, or another needed theirs
  std::uint64_t no_memory = 0;  // writes put off because TCP had no memory
  std::size_t open = 0;         // connections open now
};

// The server's.
[[nodiscard]] const Counters& counters();

// How many connections may be open at once.
[[nodiscard]] std::size_t most_connections();

}  // namespace mote::http
