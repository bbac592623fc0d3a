// A server on the machine under test, on a stream like the HTTP server: it sends as many bytes of a
// fixed body as a request's four bytes say, by reference, and closes unless the first bit is set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "tests/unit/netstack/tcp_peer.hpp"

namespace mote::world {

// 64 MiB of noise.
const Bytes& body();

// The machine, listening on port 80.
Machine& server();

Bytes request_for(std::size_t bytes, bool is_kept = false);

// Fetches `bytes` from `port` of the peer and compares them with the body. Returns the virtual
// milliseconds this took, or -1 if the connection was reset or it took over an hour.
long fetch(Network& network, std::size_t bytes, std::uint16_t port);

// Runs the machine with one peer for this long.
void run(TcpPeer& peer, Network& network, int milliseconds);

// The same until something is so; whether it came to that in a minute.
[[nodiscard]] bool run_until(TcpPeer& peer, Network& network, const std::function<bool()>& is_so);

}  // namespace mote::world
