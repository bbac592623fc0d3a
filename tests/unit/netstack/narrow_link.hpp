// A router in front of a link with a smaller MTU than the machine's, and a far end that loses
// fragments, as behind many tunnels and firewalls.
#pragma once

#include <cstdint>

#include "tests/unit/netstack/tcp_peer.hpp"

namespace mote::world {

// "Fragmentation needed and DF set", as the machine receives it, with the next hop's MTU (RFC 1191,
// 4) and the first 28 bytes of the datagram in `frame`.
Bytes fragmentation_needed(const Bytes& frame, std::uint16_t mtu);

class NarrowLink {
 public:
  NarrowLink(Network& network, std::uint16_t mtu);

  std::uint16_t mtu;
  bool says_mtu = true;      // as routers do since RFC 1191; older ones send 0
  bool is_silent = false;    // sends no message at all
  std::size_t told = 0;      // messages sent
  std::size_t passed = 0;    // frames
  std::size_t too_long = 0;  // datagrams with DF dropped
  std::size_t lost = 0;      // datagrams whose fragments were lost
  std::size_t fragmented = 0;
  bool loses_fragments = true;
  Bytes last_too_long;
};

// Whether the datagram in a frame has DF, so that routers may not fragment it.
bool has_df(const Bytes& frame);

}  // namespace mote::world
