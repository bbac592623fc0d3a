// The table of TCP connections finds each one, whatever shares its bucket and whoever left before.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"
#include "tests/unit/netstack/held_stream.hpp"
#include "tests/unit/netstack/tcp_server.hpp"

using namespace mote;
using namespace mote::world;

namespace {

struct tcp_pcb** bucket_of(const struct tcp_pcb& pcb) {
  return tcp_bucket(&pcb.local_ip, pcb.local_port, &pcb.remote_ip, pcb.remote_port);
}

// The length of a list, each of whose members must be linked with its neighbours and its bucket.
std::size_t count(struct tcp_pcb* const* list, bool in_time_wait) {
  std::size_t members = 0;
  struct tcp_pcb* const* place = list;
  for (struct tcp_pcb* pcb = *list; pcb != nullptr; place = &pcb->next, pcb = pcb->next) {
    ++members;
    REQUIRE(pcb->place == place);
    REQUIRE((pcb->state == TIME_WAIT) == in_time_wait);
    struct tcp_pcb** chained = bucket_of(*pcb);
    while (*chained != nullptr && *chained != pcb) chained = &(*chained)->hash_next;
    REQUIRE(*chained == pcb);
    REQUIRE(pcb->hash_place == chained);
  }
  return members;
}

// The number of members in all buckets.
std::size_t count_table() {
  std::size_t members = 0;
  for (std::size_t i = 0; i < std::size_t{1} << (64 - tcp_table.shift); ++i) {
    for (struct tcp_pcb* pcb = tcp_table.buckets[i]; pcb != nullptr; pcb = pcb->hash_next) {
      ++members;
    }
  }
  return members;
}

struct Census {
  std::size_t active;
  std::size_t in_time_wait;
  bool operator==(const Census&) const = default;
};

Census census() {
  const Census now{count(&tcp_active_pcbs, false), count(&tcp_tw_pcbs, true)};
  REQUIRE(count_table() == now.active + now.in_time_wait);
  return now;
}

// The machine's only answer to a peer's frame, or an empty one.
Bytes answer_to(const Bytes& frame) {
  Machine& m = server();
  m.device.wire.clear();
  m.device.receive(frame);
  settle(m);
  m.interface.turn();
  return m.device.wire.empty() ? Bytes{} : m.device.wire.back();
}

std::uint8_t flags_of(const Bytes& frame) { return frame.empty() ? 0 : frame[47]; }

// Opens connections, as many at a time as the machine has packets for.
std::vector<TcpPeer> open(const std::vector<std::uint16_t>& ports) {
  constexpr std::size_t kAtATime = 100;
  Machine& m = server();
  Network network;
  std::vector<TcpPeer> peers;
  for (const std::uint16_t port : ports) peers.emplace_back(port);
  for (std::size_t at = 0; at < peers.size(); at += kAtATime) {
    std::vector<TcpPeer*> some;
    for (TcpPeer& peer : std::span(peers).subspan(at, std::min(kAtATime, peers.size() - at))) {
      some.push_back(&peer);
      peer.connect();
    }
    for (int i = 0; i < 10; ++i) step(m, network, some);
  }
  for (const TcpPeer& peer : peers) REQUIRE(peer.established);
  m.device.wire.clear();
  return peers;
}

// Whether the machine knows the connection: if so, it acknowledges a segment outside the window.
bool is_known(const TcpPeer& peer) {
  const Bytes old = peer.segment(TcpPeer::kAck, peer.sequence() - 500, peer.expected, Bytes(10));
  return flags_of(answer_to(old)) == TcpPeer::kAck;
}

void reset(const TcpPeer& peer) { answer_to(peer.segment(TcpPeer::kRst, peer.sequence(), 0)); }

std::vector<std::uint16_t> ports_from(std::uint16_t first, std::uint16_t many) {
  std::vector<std::uint16_t> ports;
  for (std::uint16_t i = 0; i < many; ++i) ports.push_back(static_cast<std::uint16_t>(first + i));
  return ports;
}

// Ports of the peer that share a bucket.
std::vector<std::uint16_t> ports_in_one_bucket(std::size_t many) {
  server();
  const ip_addr_t here = {lwip_htonl(kMachineAddress)};
  const ip_addr_t there = {lwip_htonl(kPeerAddress)};
  std::vector<std::uint16_t> ports;
  for (std::uint32_t port = 1024; port < 65'536 && ports.size() < many; ++port) {
    const auto candidate = static_cast<std::uint16_t>(port);
    if (tcp_bucket(&here, 80, &there, candidate) == &tcp_table.buckets[7]) {
      ports.push_back(candidate);
    }
  }
  REQUIRE(ports.size() == many);
  return ports;
}

enum class Order { kOldestFirst, kNewestFirst, kShuffled };

void leave_in_turn(std::vector<TcpPeer> peers, Order order) {
  const Census before = census();
  if (order == Order::kNewestFirst) std::ranges::reverse(peers);
  if (order == Order::kShuffled) std::ranges::shuffle(peers, std::mt19937{3});
  for (std::size_t left = peers.size(); left > 0; --left) {
    reset(peers[left - 1]);
    CHECK(census() == Census{before.active - (peers.size() - left + 1), before.in_time_wait});
    CHECK_FALSE(is_known(peers[left - 1]));
    if (left > 1) CHECK(is_known(peers[left - 2]));
    CHECK((left == 1 || is_known(peers[0])));
  }
}

}  // namespace

TEST_CASE("connections leave in any order, and the others stay") {
  for (const Order order : {Order::kOldestFirst, Order::kNewestFirst, Order::kShuffled}) {
    leave_in_turn(open(ports_from(20'000, 300)), order);
  }
}

TEST_CASE("connections in one bucket leave it in any order, and the others stay") {
  for (const Order order : {Order::kOldestFirst, Order::kNewestFirst, Order::kShuffled}) {
    leave_in_turn(open(ports_in_one_bucket(12)), order);
  }
}

TEST_CASE("in a full table every connection is found") {
  const std::vector<TcpPeer> peers = open(ports_from(30'000, 1200));
  CHECK(census().active == 1200);
  for (const TcpPeer& peer : peers) REQUIRE(is_known(peer));
  for (const TcpPeer& peer : peers) reset(peer);
  CHECK(census().active == 0);
}

TEST_CASE("a segment of no connection goes to the listener, or to nobody") {
  const std::vector<TcpPeer> peers = open(ports_in_one_bucket(5));
  TcpPeer stranger(static_cast<std::uint16_t>(peers[0].port() ^ 1));
  CHECK((flags_of(answer_to(stranger.segment(TcpPeer::kAck, 1, 1))) & TcpPeer::kRst) != 0);
  CHECK(flags_of(answer_to(stranger.segment(TcpPeer::kSyn, 1, 0))) ==
        (TcpPeer::kSyn | TcpPeer::kAck));
  TcpPeer elsewhere = peers[0];  // the same port, and another service
  elsewhere.service = 81;
  CHECK((flags_of(answer_to(elsewhere.segment(TcpPeer::kAck, 1, 1))) & TcpPeer::kRst) != 0);
  for (const TcpPeer& peer : peers) CHECK(is_known(peer));
  for (const TcpPeer& peer : peers) reset(peer);
  answer_to(stranger.segment(TcpPeer::kRst, 2, 0));
  CHECK(census().active == 0);
}

TEST_CASE("a connection in TIME-WAIT is found, and gives way to a SYN beyond its numbers") {
  Machine& m = server();
  Network network;
  const std::size_t before = census().in_time_wait;
  for (std::uint32_t round = 0; round < 3; ++round) {
    TcpPeer peer(1500, 1000 + round * 1'000'000);
    TcpPeer* peers[] = {&peer};
    peer.connect();
    for (int i = 0; i < 20; ++i) step(m, network, peers);
    REQUIRE(peer.established);
    CHECK(census() == Census{1, before});
    peer.send(request_for(1000));
    for (int i = 0; i < 100 && !peer.finished; ++i) step(m, network, peers);
    peer.close();
    for (int i = 0; i < 20; ++i) step(m, network, peers);
    CHECK(census() == Census{0, before + 1});
    CHECK(is_known(peer));
    answer_to(peer.segment(TcpPeer::kSyn, 500, 0));  // an old SYN opens no new connection
    CHECK(census() == Census{0, before + 1});
  }
  for (int i = 0; i < 31'000; ++i) step(m, network, {});
  CHECK(census() == Census{0, 0});
}

TEST_CASE("a connection that is closed with data unread leaves once") {
  hold_streams();
  const std::vector<TcpPeer> others = open(ports_in_one_bucket(4));
  Network network;
  for (std::uint16_t port = 2000; port < 2020; ++port) {
    TcpPeer peer(port);
    peer.service = kHeldService;
    TcpPeer* peers[] = {&peer};
    peer.connect();
    for (int i = 0; i < 20; ++i) step(server(), network, peers);
    REQUIRE(peer.established);
    CHECK(census().active == others.size() + 1);
    last_held().reads = false;
    peer.send(Bytes(10));
    for (int i = 0; i < 5; ++i) step(server(), network, peers);
    last_held().release();
    for (int i = 0; i < 20 && !peer.was_reset; ++i) step(server(), network, peers);
    CHECK(peer.was_reset);
    CHECK(census().active == others.size());
  }
  for (const TcpPeer& peer : others) CHECK(is_known(peer));
  for (const TcpPeer& peer : others) reset(peer);
}

TEST_CASE("an interface that goes takes all its connections, in TIME-WAIT and in its line") {
  Machine& m = server();
  Network network;
  TcpPeer first(4049, 80'000);
  TcpPeer second(4050, 70'000);
  TcpPeer* peers[] = {&first, &second};
  first.permits_sack = second.permits_sack = true;
  for (TcpPeer* peer : peers) peer->connect();
  for (int i = 0; i < 20; ++i) step(m, network, peers);
  const std::uint32_t start = second.expected;
  const std::uint32_t ours = second.sequence();
  const auto acknowledge = [&](TcpPeer& peer, std::uint32_t more, std::uint32_t number) {
    m.device.receive(peer.segment(TcpPeer::kAck, peer.sequence() + more, number));
    settle(m);
  };
  m.device.receive(first.segment(TcpPeer::kAck | TcpPeer::kPush, first.sequence(), first.expected,
                                 request_for(30'000)));
  m.device.receive(second.segment(TcpPeer::kAck | TcpPeer::kPush, ours, start, request_for(3000)));
  settle(m);
  acknowledge(second, 4, start + 1460);
  REQUIRE(connection_with(4050)->state == FIN_WAIT_1);
  m.device.wire.clear();
  m.device.ring = 0;  // full
  acknowledge(first, 4, first.expected + 2920);
  for (int i = 0; i < 1000; ++i) {  // a tail loss probe joins the line
    advance(milliseconds(1));
    settle(m);
  }
  m.device.receive(second.segment(TcpPeer::kAck | TcpPeer::kFin, ours + 4, start + 3001));
  settle(m);
  REQUIRE(tcp_tw_pcbs != nullptr);
  m.interface.attachment().leave();
  CHECK(connection_with(4049) == nullptr);
  CHECK(tcp_tw_pcbs == nullptr);
  CHECK(m.interface.attachment().waiting().empty());
}
