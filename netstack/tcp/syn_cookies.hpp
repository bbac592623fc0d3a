// SYN cookies (RFC 4987, 3.6): handshakes that take no memory before the client has proved that it
// receives what is sent to it.
//
// A SYN for which there is no PCB, half-open connections being many, is answered at once with a
// SYN-ACK whose sequence number is a cookie: 24 bits of a keyed hash over both ends, the client's
// sequence number and the minute, and the eight bits of netstack/tcp/syn_offer.hpp. An ACK that
// brings it back within a minute or two opens the connection. When many are half open, ordinary
// SYN-ACKs have cookies, too, so that their ACKs count even if their PCBs have given way.
//
// A stranger who receives nothing must guess: of 2^23 ACKs one is believed, two minutes' hashes
// being right. At 20,000 a second, and with a flood of SYNs beside them, that is a connection in
// seven minutes, which has the rights of any other, and its time limits.
#pragma once

#include <cstdint>

#include "kernel/time/clock.hpp"

namespace mote::netstack {

struct CookieCounters {
  std::uint64_t sent = 0;      // SYN-ACKs without a PCB
  std::uint64_t unsent = 0;    // no packet or no room in the ring was left for these
  std::uint64_t accepted = 0;  // ACKs that opened a connection
  std::uint64_t refused = 0;   // ACKs that held no cookie, while some were about
  std::uint64_t homeless = 0;  // ACKs that held one, but found no PCB
};
[[nodiscard]] const CookieCounters& cookie_counters();

// How long after the last cookie an ACK may hold one. After the last SYN-ACK without a PCB, ACKs
// that hold none get no answer so long: they may bring the second half of a request whose first
// half was lost, and a reset would end that client's connection.
inline constexpr Nanoseconds kCookieTime = milliseconds(120'000);

}  // namespace mote::netstack
