// What the HTTP server counts, from its start on.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace mote::http {

struct Counters {
  std::array<std::uint64_t, 6> responses{};  // begun, by the first digit of their status
  std::uint64_t bytes = 0;                   // of responses handed to TCP, header blocks included
  std::uint64_t connections = 0;             // accepted
  std::uint64_t refused = 0;                 // connections turned away, all others being busy
  std::uint64_t evicted = 0;                 // connections closed to make room for new ones
  std::uint64_t idle_timeouts = 0;
  std::uint64_t header_timeouts = 0;  // answered with 408
  std::uint64_t stalls = 0;           // reset, because the peer took too little
  std::uint64_t no_buffer = 0;        // answered with 503: others needed their request buffer
  std::uint64_t no_memory = 0;        // writes put off, because lwIP had no memory
  std::size_t open = 0;               // connections now
};

}  // namespace mote::http
