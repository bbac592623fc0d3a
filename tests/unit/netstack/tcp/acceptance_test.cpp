// Segments from a stranger who knows a connection's addresses and ports: RFC 9293, 3.10.7.4, and
// RFC 5961. None has any effect, and answers to them are limited.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"
#include "netstack/limits.hpp"
#include "netstack/stack.hpp"
#include "netstack/stats.hpp"
#include "tests/unit/netstack/held_stream.hpp"
#include "tests/unit/netstack/neighbours.hpp"
#include "tests/unit/netstack/tcp_server.hpp"

using namespace mote;
using namespace mote::world;
using netstack::TcpHeader;

namespace {

constexpr std::uint8_t kAck = TcpPeer::kAck;
constexpr std::uint32_t kWindow = TCP_WND;

void pass(Network& network, TcpPeer& peer, int steps) {
  TcpPeer* peers[] = {&peer};
  for (int i = 0; i < steps; ++i) step(server(), network, peers);
}

const TcpHeader& tcp_of(const Bytes& frame) {
  return *reinterpret_cast<const TcpHeader*>(frame.data() + 34);
}

// Whether this is one segment without data, flags or news, RFC 9293's answer to unacceptable ones.
bool is_plain_ack(const std::deque<Bytes>& frames, const struct tcp_pcb& pcb) {
  return frames.size() == 1 && (tcp_of(frames[0]).offset_and_flags & 0x3F) == kAck &&
         tcp_of(frames[0]).sequence == pcb.snd_nxt &&
         tcp_of(frames[0]).acknowledgement == pcb.rcv_nxt;
}

// The state of a connection that a peer's segment can change.
struct State {
  explicit State(const struct tcp_pcb& pcb)
      : numbers{pcb.rcv_nxt, pcb.rcv_wnd, pcb.lastack, pcb.snd_nxt, pcb.snd_wl1,
                pcb.snd_wl2, pcb.snd_wnd, pcb.tmr,     pcb.state} {}
  std::array<std::uint32_t, 9> numbers;
  friend bool operator==(const State&, const State&) = default;
};

// Sequence numbers outside the window of a connection that expects `next`.
std::vector<std::uint32_t> outside(std::uint32_t next) {
  return {next - 1,           next - 2,           next - 5000,        next - kWindow,
          next - 0x10000,     next - 0x40000000U, next - 0x7FFFFFFFU, next + 0x80000000U,
          next + 0x7FFFFFFFU, next + 0x40000000U, next + 0x10000,     next + kWindow + 1};
}

void let_time_pass(std::uint32_t milliseconds_to_pass) {
  for (std::uint32_t i = 0; i < milliseconds_to_pass; ++i) {
    advance(milliseconds(1));
    settle(server());
  }
  server().device.wire.clear();
}

}  // namespace

// Blind attacks, as on BGP's long connections in 2004 (RFC 5961, 1; CVE-2004-0230).
TEST_CASE("an acknowledgement from outside the window changes nothing") {
  Network network;
  TcpPeer peer(9000, 70'000);
  peer.window = 2000;  // a slow reader, with a response under way
  peer.connect();
  pass(network, peer, 20);
  peer.send(request_for(2'000'000));
  pass(network, peer, 50);
  peer.full = true;
  pass(network, peer, 50);
  struct tcp_pcb* const pcb = connection_with(9000);
  REQUIRE(pcb != nullptr);
  const State before(*pcb);
  TcpPeer stranger(9000);
  for (const std::uint16_t window : {0, 1, 0xFFFF}) {
    stranger.window = window;
    for (const std::uint32_t sequence : outside(pcb->rcv_nxt)) {
      for (const std::uint32_t ack : {pcb->lastack - 1000, pcb->lastack, pcb->snd_nxt}) {
        answers_to(stranger.segment(kAck, sequence, ack));
        answers_to(stranger.segment(kAck | TcpPeer::kPush, sequence, ack, Bytes(1)));
        CHECK(State(*pcb) == before);
      }
    }
  }
  peer.full = false;
  peer.window = 60'000;
  pass(network, peer, 8000);
  CHECK(peer.body.size() == 2'000'000);
  CHECK(std::equal(peer.body.begin(), peer.body.end(), body().begin()));
}

TEST_CASE("an unacceptable segment is answered with an acknowledgement, but a reset isn't") {
  Network network;
  TcpPeer peer(9010, 70'000);
  peer.connect();
  pass(network, peer, 20);
  const struct tcp_pcb* const pcb = connection_with(9010);
  REQUIRE(pcb != nullptr);
  const std::uint32_t next = pcb->rcv_nxt;
  const std::uint32_t ack = pcb->snd_nxt;
  const auto challenged = [&](std::uint8_t flags, std::uint32_t sequence, std::uint32_t of,
                              const Bytes& text = {}) {
    let_time_pass(limits::kChallengeTimeMs + 200);
    return is_plain_ack(answers_to(peer.segment(flags, sequence, of, text)), *pcb);
  };
  for (const std::uint32_t sequence : outside(next)) {
    CHECK(challenged(kAck, sequence, ack));
    CHECK(answers_to(peer.segment(TcpPeer::kRst, sequence, 0)).empty());
    CHECK(answers_to(peer.segment(TcpPeer::kRst | kAck, sequence, ack)).empty());
  }
  CHECK(challenged(TcpPeer::kRst, next + 1, 0));  // RFC 5961, 3.2
  CHECK(challenged(TcpPeer::kSyn, next, 0));      // RFC 5961, 4.2
  CHECK(challenged(TcpPeer::kSyn | kAck, next + 7, ack));
  CHECK(challenged(TcpPeer::kSyn, next + 0x80000000U, 0));
  CHECK(challenged(kAck, next, ack + 1, request_for(5)));  // RFC 5961, 5.2
  CHECK(challenged(kAck, next, ack - 0x01000000));
  CHECK(answers_to(peer.segment(0, next, ack, request_for(5))).empty());  // no ACK: dropped
  CHECK(State(*pcb).numbers.back() == ESTABLISHED);
  CHECK(pcb->rcv_nxt == next);
}

TEST_CASE("answers to unacceptable segments are limited, for each connection by itself") {
  Network network;
  TcpPeer peer(9020, 70'000);
  TcpPeer other(9021, 80'000);
  peer.connect();
  pass(network, peer, 20);
  other.connect();
  pass(network, other, 20);
  const struct tcp_pcb* const pcb = connection_with(9020);
  REQUIRE(pcb != nullptr);
  for (int round = 0; round < 3; ++round) {
    let_time_pass(limits::kChallengeTimeMs + 200);
    const netstack::TcpCounters before = netstack::tcp_counters();
    std::size_t acks = 0;
    for (std::uint32_t i = 0; i < 100; ++i) {
      const Bytes forged = i % 4 == 0   ? peer.segment(kAck, 1'000'000'000 + i, pcb->snd_nxt)
                           : i % 4 == 1 ? peer.segment(TcpPeer::kRst, pcb->rcv_nxt + 1 + i, 0)
                           : i % 4 == 2 ? peer.segment(TcpPeer::kSyn, i, 0)
                                        : peer.segment(kAck, pcb->rcv_nxt, pcb->snd_nxt + 1 + i);
      acks += answers_to(forged).size();
    }
    const netstack::TcpCounters after = netstack::tcp_counters();
    CHECK(acks == limits::kChallenges);
    CHECK(after.challenges - before.challenges == limits::kChallenges);
    CHECK(after.challenges_withheld - before.challenges_withheld == 100 - limits::kChallenges);
  }
  CHECK(answers_to(other.segment(TcpPeer::kSyn, 1, 0)).size() == 1);
}

// Retransmissions by a client that missed our acknowledgement bring nothing new, and must be
// acknowledged, or they never stop. Likewise keep-alives (RFC 1122, 4.2.3.6; Linux sends no byte,
// old BSDs one).
TEST_CASE("retransmitted data and keep-alives are acknowledged") {
  Network network;
  TcpPeer peer(9030, 70'000);
  peer.connect();
  pass(network, peer, 20);
  peer.send(request_for(1000));
  pass(network, peer, 100);
  REQUIRE(peer.body.size() == 1000);
  struct tcp_pcb* const pcb = connection_with(9030);
  REQUIRE(pcb != nullptr);
  const State before(*pcb);
  for (int i = 0; i < 50; ++i) {
    CHECK(is_plain_ack(
        answers_to(peer.segment(kAck, pcb->rcv_nxt - 4, pcb->lastack, request_for(1000))), *pcb));
    CHECK(is_plain_ack(answers_to(peer.segment(kAck, pcb->rcv_nxt - 1, pcb->lastack, Bytes(1))),
                       *pcb));
  }
  for (int i = 0; i < 20; ++i) {
    CHECK(is_plain_ack(answers_to(peer.segment(kAck, pcb->rcv_nxt - 1, pcb->lastack)), *pcb));
    let_time_pass(1000);
  }
  CHECK(State(*pcb) == before);
}

TEST_CASE("of a segment that begins before the window, the part inside is taken") {
  Network network;
  TcpPeer peer(9040, 70'000);
  peer.connect();
  pass(network, peer, 20);
  const struct tcp_pcb* const pcb = connection_with(9040);
  REQUIRE(pcb != nullptr);
  const std::uint32_t next = pcb->rcv_nxt;
  const Bytes request = request_for(1000);
  Bytes more(10);
  more.insert(more.end(), request.begin(), request.end());
  const std::deque<Bytes> response = answers_to(peer.segment(kAck, next - 10, pcb->snd_nxt, more));
  REQUIRE(response.size() == 1);
  CHECK(response[0].size() == 54 + 1000);
  CHECK(tcp_of(response[0]).acknowledgement == next + request.size());
}

TEST_CASE("a half-open connection believes only the receiver of its SYN-ACK") {
  Machine& m = server();
  TcpPeer peer(9050);
  constexpr std::uint32_t kIsn = 70'000;
  const Bytes syn = peer.segment(TcpPeer::kSyn, kIsn, 0);
  const std::deque<Bytes> opened = answers_to(syn);
  REQUIRE(opened.size() == 1);
  const std::uint32_t ack = tcp_of(opened[0]).sequence + 1;
  const struct tcp_pcb* const pcb = connection_with(9050);
  REQUIRE(pcb != nullptr);
  for (const std::uint32_t sequence : outside(kIsn + 1)) {
    let_time_pass(100);
    answers_to(peer.segment(kAck, sequence, ack));
    answers_to(peer.segment(kAck, sequence, ack, Bytes(1)));
    CHECK(answers_to(peer.segment(TcpPeer::kRst, sequence, 0)).empty());
    REQUIRE(connection_with(9050) == pcb);
    CHECK(pcb->state == SYN_RCVD);
  }
  const auto again = answers_to(syn);  // our SYN-ACK was lost
  REQUIRE(!again.empty());
  CHECK((tcp_of(again.back()).offset_and_flags & 0x3F) == (TcpPeer::kSyn | kAck));
  let_time_pass(limits::kChallengeTimeMs);
  // A restarted client learns of the old attempt, and ends it (RFC 9293, 3.5.1).
  CHECK(is_plain_ack(answers_to(peer.segment(TcpPeer::kSyn, kIsn + 123'456'789, 0)), *pcb));
  CHECK(pcb->state == SYN_RCVD);
  answers_to(peer.segment(kAck, kIsn + 1, ack));
  CHECK(pcb->state == ESTABLISHED);
  answers_to(peer.segment(TcpPeer::kRst, kIsn + 1, 0));
  CHECK(connection_with(9050) == nullptr);
  settle(m);
}

TEST_CASE("a stranger can't end a connection that the server is closing") {
  Network network;
  TcpPeer peer(9060, 70'000);
  peer.connect();
  pass(network, peer, 20);
  peer.send(request_for(1000));
  struct tcp_pcb* const pcb = connection_with(9060);
  REQUIRE(pcb != nullptr);
  for (int i = 0; i < 100 && pcb->state != FIN_WAIT_1; ++i) pass(network, peer, 1);
  REQUIRE(pcb->state == FIN_WAIT_1);
  const State before(*pcb);
  for (const std::uint32_t sequence : outside(pcb->rcv_nxt)) {
    answers_to(peer.segment(kAck, sequence, pcb->snd_nxt));
    answers_to(peer.segment(TcpPeer::kFin | kAck, sequence - 1, pcb->snd_nxt));
    REQUIRE(connection_with(9060) == pcb);
    CHECK(State(*pcb) == before);
  }
}

TEST_CASE("in TIME-WAIT only the same FIN restarts the wait") {
  Network network;
  TcpPeer peer(9070, 70'000);
  peer.connect();
  pass(network, peer, 20);
  peer.send(request_for(1000));
  pass(network, peer, 100);
  const std::uint32_t fin = peer.sequence();
  peer.close();
  pass(network, peer, 20);
  const auto waiting = [] {
    const struct tcp_pcb* pcb = tcp_tw_pcbs;
    while (pcb != nullptr && pcb->remote_port != 9070) pcb = pcb->next;
    return pcb;
  };
  const struct tcp_pcb* const pcb = waiting();
  REQUIRE(pcb != nullptr);
  const std::uint32_t since = pcb->tmr;
  let_time_pass(1000);
  std::size_t acks = 0;
  for (std::uint32_t i = 0; i < 50; ++i) {
    acks +=
        answers_to(peer.segment(TcpPeer::kFin | kAck, fin + 1'000'000 + i, peer.expected)).size();
    CHECK(answers_to(peer.segment(TcpPeer::kRst, fin + 1, 0)).empty());
  }
  CHECK(acks == limits::kChallenges);
  CHECK(pcb->tmr == since);
  CHECK(is_plain_ack(answers_to(peer.segment(TcpPeer::kFin | kAck, fin, peer.expected)), *pcb));
  CHECK(pcb->tmr != since);
  CHECK(waiting() == pcb);
}

// RFC 9293, 3.10.7.4: with a window of zero only valid ACKs and RSTs are acceptable.
TEST_CASE("a segment to a shut window is acknowledged, and its ACK counts") {
  Machine& m = hold_streams();
  Network network;
  TcpPeer peer(9080, 70'000);
  peer.service = kHeldService;
  peer.connect();
  pass(network, peer, 20);
  HeldStream& service = last_held();
  service.reads = false;
  const struct tcp_pcb* const open = connection_with(9080);
  REQUIRE(open != nullptr);
  std::uint32_t next = open->rcv_nxt;
  const std::uint32_t ack = peer.expected;
  for (; open->rcv_wnd != 0; next = open->rcv_nxt) {
    answers_to(peer.segment(kAck, next, ack, Bytes(std::min(open->rcv_wnd, 1460U))));
  }
  service.send(body().data(), 3000);
  settle(m);
  const auto in_flight = [&] { return service.stream().in_flight(); };
  CHECK(answers_to(peer.segment(kAck, next, ack + 1460)).empty());
  CHECK(in_flight() == 1540);
  CHECK(is_plain_ack(answers_to(peer.segment(kAck, next, ack + 2000, Bytes(1))), *open));
  CHECK(in_flight() == 1000);
  CHECK(
      is_plain_ack(answers_to(peer.segment(kAck, next - 1, ack + 3000)), *open));  // Linux's probe
  CHECK(in_flight() == 1000);
  CHECK(open->rcv_nxt == next);
  answers_to(peer.segment(TcpPeer::kRst, next, 0));
  CHECK(connection_with(9080) == nullptr);
}
