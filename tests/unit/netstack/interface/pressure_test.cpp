// What goes first when frames come faster than they are judged.
#include "netstack/interface/pressure.hpp"

#include <doctest/doctest.h>

#include "netstack/limits.hpp"
#include "tests/unit/netstack/neighbours.hpp"
#include "tests/unit/netstack/tcp_peer.hpp"
#include "tests/unit/netstack/tcp_server.hpp"

using namespace mote;
using namespace mote::world;
using netstack::Fate;
using netstack::Pressure;
using Kind = Pressure::Kind;

namespace {

constexpr MacAddress kStrangersMac{{2, 0, 0, 0, 0, 9}};
constexpr std::uint32_t kStranger = 0x0A000009;

Kind kind_of(const Bytes& frame) {
  return Pressure::kind_of(std::as_bytes(std::span(frame)),
                           server().interface.attachment().netif());
}

Bytes ping() { return ipv4_frame(1, echo_message(56)); }

// A turn with as many frames as it may judge: this one, and pings.
void full_turn(const Bytes& frame = ping(), std::size_t frames = Pressure::kSurge) {
  Machine& m = server();
  REQUIRE(m.device.receive(frame));
  for (std::size_t i = 1; i < frames; ++i) REQUIRE(m.device.receive(ping()));
  m.interface.turn();
}

std::uint64_t early_drops() { return server().interface.attachment().counters()[Fate::kEarlyDrop]; }

void connect(TcpPeer& peer, Network& network) {
  peer.connect();
  CHECK(run_until(peer, network, [&] { return peer.established; }));
}

}  // namespace

TEST_CASE("a glance tells what belongs to a connection from what anybody may send") {
  Network network;
  TcpPeer peer(9100);
  connect(peer, network);
  Machine& m = server();
  REQUIRE(m.device.receive(peer.segment(TcpPeer::kAck, peer.sequence(), peer.expected)));
  m.interface.turn();
  const TcpPeer other(9101);
  CHECK(kind_of(peer.segment(TcpPeer::kAck, peer.sequence(), peer.expected)) == Kind::kConnection);
  CHECK(kind_of(peer.segment(TcpPeer::kSyn, 1, 0)) == Kind::kConnection);
  TcpPeer half_open(9104);
  REQUIRE(m.device.receive(half_open.segment(TcpPeer::kSyn, 1, 0)));
  m.interface.turn();
  CHECK(kind_of(half_open.segment(TcpPeer::kSyn, 1, 0)) == Kind::kNone);
  CHECK(kind_of(other.segment(TcpPeer::kSyn, 1, 0)) == Kind::kSyn);
  CHECK(kind_of(other.segment(TcpPeer::kSyn | TcpPeer::kAck, 1, 1)) == Kind::kStray);
  CHECK(kind_of(other.segment(TcpPeer::kAck, 1, 1)) == Kind::kStray);
  CHECK(kind_of(ping()) == Kind::kEcho);
  CHECK(kind_of(udp_from(kStranger, kStrangersMac)) == Kind::kDatagram);
  CHECK(kind_of(ipv4_frame(1, Bytes(64), 0x2000)) == Kind::kFragment);
  CHECK(kind_of(arp_request_from(kStranger, kStrangersMac)) == Kind::kArp);
  CHECK(kind_of(arp_reply(kStranger, kStrangersMac)) == Kind::kArp);
}

TEST_CASE("the gateway's ARP is always judged") {
  struct netif* const netif = &server().interface.attachment().netif();
  const ip4_addr_t before = *netif_ip4_gw(netif);
  const ip4_addr_t gateway{htonl(kStranger)};
  netif_set_gw(netif, &gateway);
  CHECK(kind_of(arp_reply(kStranger, kStrangersMac)) == Kind::kNone);
  CHECK(kind_of(arp_reply(kStranger + 1, kStrangersMac)) == Kind::kArp);
  netif_set_gw(netif, &before);
}

TEST_CASE("every truncation is of some kind") {
  for (const Bytes& whole :
       {TcpPeer(9102).segment(TcpPeer::kSyn, 1, 0), ping(), arp_reply(kStranger, kStrangersMac)}) {
    for (std::size_t bytes = 0; bytes <= whole.size(); ++bytes) {
      // Of exactly its size, so that the sanitizer sees a byte beyond.
      const Bytes part(whole.begin(), whole.begin() + static_cast<long>(bytes));
      static_cast<void>(kind_of(part));
    }
  }
}

TEST_CASE("it begins after turns with a backlog, and ends with others") {
  Pressure pressure;
  CHECK(pressure.budget() == limits::kRxBudget);
  pressure.on_turn(limits::kRxBudget);
  CHECK(pressure.budget() == Pressure::kSurge);
  for (unsigned turn = 0; turn < 1000; ++turn) pressure.on_turn(Pressure::kSurge - 1);
  CHECK_FALSE(pressure.is_on());
  for (unsigned turn = 0; turn + 1 < Pressure::kOnAfter; ++turn) pressure.on_turn(Pressure::kSurge);
  CHECK_FALSE(pressure.is_on());
  pressure.on_turn(Pressure::kSurge);
  CHECK(pressure.is_on());
  for (unsigned turn = 0; turn < 1000; ++turn) pressure.on_turn(Pressure::kSurge);
  unsigned turns = 0;
  for (; pressure.is_on(); ++turns) pressure.on_turn(1);
  CHECK(turns <= Pressure::kOnAfter);
  CHECK(pressure.budget() == limits::kRxBudget);
}

TEST_CASE("pings of which 128 are in flight are all answered") {
  const std::uint64_t before = early_drops();
  for (unsigned turn = 0; turn < 100; ++turn) full_turn(ping(), 128);
  settle(server());
  CHECK(early_drops() == before);
}

TEST_CASE("under a flood of pings, connections are served and pings get their share") {
  Network network;
  TcpPeer peer(9103);
  connect(peer, network);
  Machine& m = server();
  for (unsigned turn = 0; turn <= 2 * Pressure::kOnAfter; ++turn) full_turn();
  m.device.wire.clear();
  const std::uint64_t before = early_drops();
  full_turn(peer.segment(TcpPeer::kAck | TcpPeer::kPush, peer.sequence(), peer.expected,
                         request_for(1000)));
  const std::size_t share = Pressure::kShares[static_cast<std::size_t>(Kind::kEcho)];
  CHECK(early_drops() - before == Pressure::kSurge - 1 - share);
  settle(m);
  std::size_t answered = 0;
  for (const Bytes& frame : m.device.wire) {
    answered += frame[23] == 6 && frame.size() > 1000 ? 1 : 0;
  }
  CHECK(answered == 1);
  // It is over: nothing more is dropped.
  for (unsigned turn = 0; turn < Pressure::kOnAfter; ++turn) m.interface.turn();
  REQUIRE(m.device.receive(ping()));
  const std::uint64_t after = early_drops();
  m.interface.turn();
  CHECK(early_drops() == after);
}

TEST_CASE("under a flood of SYNs, those from where a connection is have a share of their own") {
  Network network;
  TcpPeer peer(9105);
  connect(peer, network);
  Machine& m = server();
  std::uint16_t port = 9106;
  Bytes stranger = TcpPeer(port).segment(TcpPeer::kSyn, 1, 0);
  stranger[29] ^= 0x55;  // the last byte of the source; a glance believes headers
  const auto receive = [&](const Bytes& frame, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) REQUIRE(m.device.receive(frame));
  };
  // Returns the early drops of a full turn: a segment that a kept connection's peer asks for a sign
  // of life with, a flood, and then so many SYNs from its address.
  const auto drops_with = [&](std::size_t count) {
    receive(peer.segment(TcpPeer::kAck, peer.sequence() - 1, peer.expected), 1);
    receive(stranger, Pressure::kSurge - 1 - count);
    for (std::size_t i = 0; i < count; ++i) {
      receive(TcpPeer(port++).segment(TcpPeer::kSyn, 1, 0), 1);
    }
    const std::uint64_t before = early_drops();
    m.interface.turn();
    return early_drops() - before;
  };
  m.interface.turn();
  receive(stranger, limits::kRxBudget);  // the next turns take more
  m.interface.turn();
  for (unsigned turn = 0; turn <= 2 * Pressure::kOnAfter; ++turn) drops_with(0);
  const std::size_t strangers = Pressure::kShares[static_cast<std::size_t>(Kind::kSyn)];
  const std::size_t regulars = Pressure::kShares[static_cast<std::size_t>(Kind::kRegular)];
  const std::size_t rest = Pressure::kSurge - 1 - strangers;
  CHECK(drops_with(0) == rest);
  CHECK(drops_with(regulars) == rest - regulars);
  // Whoever floods from there is one of the strangers beyond that.
  CHECK(drops_with(2 * regulars) == rest - regulars);
}

TEST_CASE("honest clients that come all at once are all let in") {
  Machine& m = server();
  for (unsigned turn = 0; turn < Pressure::kOnAfter; ++turn) m.interface.turn();
  const std::uint64_t before = early_drops();
  for (std::uint16_t client = 0; client < 1024; ++client) {
    REQUIRE(m.device.receive(
        TcpPeer(static_cast<std::uint16_t>(20'000 + client)).segment(TcpPeer::kSyn, 1, 0)));
    if (client % limits::kRxBudget == limits::kRxBudget - 1) m.interface.turn();
  }
  CHECK(early_drops() == before);
}
