// A server on the machine under test, on lwIP's raw API as the HTTP server is: it sends as many
// bytes of a fixed body as the four bytes of a request say, by reference, and closes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tests/unit/netstack/tcp_peer.hpp"

namespace mote::world {

// 64 MiB of noise.
const Bytes& body();

// The machine, listening on port 80.
Machine& server();

Bytes request_for(std::size_t bytes);

// Fetches `bytes` from `port` of the peer and compares them with the body; returns the virtual
// milliseconds that took, or -1 when the connection was reset or it took over an hour.
long fetch(Network& network, std::size_t bytes, std::uint16_t port);

// So much of the machine's time with one peer.
void run(TcpPeer& peer, Network& network, int milliseconds);

}  // namespace mote::world
