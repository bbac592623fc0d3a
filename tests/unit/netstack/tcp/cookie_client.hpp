// Clients of a machine on which half-open connections are many, for the tests of SYN cookies.
#pragma once

#include <cstdint>
#include <utility>

#include "netstack/tcp/syn_cookies.hpp"
#include "tests/unit/netstack/segments.hpp"
#include "tests/unit/netstack/tcp_server.hpp"

struct tcp_pcb;

namespace mote::world {

inline constexpr std::uint32_t kFar = 0xC6336401;  // 198.51.100.1, behind the gateway

// Runs the machine, which has the smallest pools, for so long.
void let_pass(std::uint32_t seconds);

// SYNs from strangers, until there is no place for another.
void flood();

// Ends all handshakes, and lets cookies expire.
void forget_flood();

struct tcp_pcb* connection_of(const Segment& segment);

// The SYN-ACK; and the ACK that a client answers it with, which may bring text.
Bytes syn_ack_for(const Segment& syn);
Segment ack_for(Segment syn, const Bytes& syn_ack, Bytes text = {});

[[nodiscard]] bool is_reset(const std::deque<Bytes>& frames);

// A client whose SYN found no place.
struct CookieClient {
  explicit CookieClient(std::uint16_t port);

  [[nodiscard]] bool is_open() const { return connection_of(syn) != nullptr; }
  void reset() const;

  Segment syn;
  Bytes syn_ack;
  Segment ack;
};

}  // namespace mote::world
