// The smallest machine: few connections, and even fewer other resources.
#include <doctest/doctest.h>

#include <algorithm>

#include "firmware/plan.hpp"
#include "http/limits.hpp"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"
#include "mote_hooks.h"
#include "netstack/limits.hpp"
#include "tests/unit/netstack/narrow_link.hpp"
#include "tests/unit/netstack/tcp_server.hpp"

using namespace mote;
using namespace mote::world;

namespace {

// Before the machine is made.
const bool prepared = [] {
  machine_plan = plan_for(0);
  return true;
}();

}  // namespace

TEST_CASE("a flood of SYNs displaces no connection with a response under way") {
  REQUIRE(prepared);
  Machine& m = server();
  Network network;
  std::vector<TcpPeer> readers;
  for (std::uint16_t i = 0; i < limits::kLeastConnections; ++i) {
    readers.emplace_back(static_cast<std::uint16_t>(2000 + i));
  }
  for (TcpPeer& reader : readers) {
    TcpPeer* peers[] = {&reader};
    reader.connect();
    for (int i = 0; i < 5; ++i) step(m, network, peers);
    REQUIRE(reader.established);
  }
  // The server has closed one, whose last response is on its way.
  TcpPeer& last = readers.back();
  m.device.receive(last.segment(TcpPeer::kAck, last.sequence(), last.expected, request_for(5000)));
  settle(m);
  tcp_setprio(connection_with(last.port()), TCP_PRIO_MIN);
  m.device.wire.clear();

  for (std::uint16_t i = 0; i < 1000; ++i) {
    const TcpPeer flood(static_cast<std::uint16_t>(10'000 + i));
    m.device.receive(flood.segment(TcpPeer::kSyn, 1, 0));
    settle(m);
    m.device.wire.clear();
  }
  CHECK(connection_with(last.port()) != nullptr);
  CHECK(tcp_half_opens() == mote_tcp_half_open());
}

// A forged message, without any narrow link, does the same.
TEST_CASE("a peer whose path becomes narrower again and again takes no more than its share") {
  Machine& m = server();
  TcpPeer peer(3000);
  Network network;
  TcpPeer* peers[] = {&peer};
  peer.connect();
  for (int i = 0; i < 5; ++i) step(m, network, peers);
  REQUIRE(peer.established);
  m.device.receive(
      peer.segment(TcpPeer::kAck, peer.sequence(), peer.expected, request_for(1'000'000)));
  settle(m);
  const auto whole = std::ranges::find(m.device.wire, std::size_t{1514}, &Bytes::size);
  REQUIRE(whole != m.device.wire.end());
  const Bytes frame = *whole;
  m.device.wire.clear();
  for (std::uint16_t mtu = 1499; mtu >= limits::kLeastPathMtu; --mtu) {
    m.device.receive(fragmentation_needed(frame, mtu));
    settle(m);
    m.device.wire.clear();
  }
  CHECK(fetch(network, 100'000, 3001) > 0);
  peer.reset();
  for (int i = 0; i < 5; ++i) step(m, network, peers);
}
