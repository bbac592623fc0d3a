// Harm that one peer could do to the whole machine through its own queue, and the faults that
// allowed it. Each was found by tests/fuzz/life_fuzzer.cpp, or before that existed.
#include <doctest/doctest.h>

#include <array>

#include "drivers/limits.hpp"
#include "lwip/priv/tcp_priv.h"
#include "netstack/limits.hpp"
#include "netstack/stats.hpp"
#include "netstack/wire/headers.hpp"
#include "tests/unit/netstack/tcp_server.hpp"

using namespace mote;
using namespace mote::world;

namespace {

const bool prepared = [] {
  machine_segmentation = Segmentation::kWholeLength;
  return true;
}();

// A connection whose peer has shut its window.
struct Shut {
  Network network;
  TcpPeer peer;
  struct tcp_pcb* pcb = nullptr;

  explicit Shut(std::uint16_t port) : peer(port) {
    REQUIRE(prepared);
    server();
    peer.scale = 0;
    peer.connect();
    run(peer, network, 20);
    pcb = connection_with(port);
    REQUIRE(pcb != nullptr);
    offer(0);
    REQUIRE(pcb->snd_wnd == 0);
  }
  ~Shut() {
    peer.reset();
    run(peer, network, 20);
  }

  // Acknowledges everything received, and offers a window.
  void offer(std::uint16_t window) { acknowledge(peer.expected, window); }
  void acknowledge(std::uint32_t number, std::uint16_t window) {
    peer.window = window;
    server().device.receive(peer.segment(TcpPeer::kAck, peer.sequence(), number));
    settle(server());
  }
  void write(const std::uint8_t* data, std::uint16_t bytes, std::uint8_t flags) {
    REQUIRE(tcp_write(pcb, data, bytes, flags) == ERR_OK);
  }
};

// As many pbufs as a device takes; the first holds copied text.
constexpr std::size_t kText = 100;
constexpr std::size_t kPiece = 300;

void write_many_pieces(Shut& shut) {
  shut.write(body().data(), kText, TCP_WRITE_FLAG_COPY | TCP_WRITE_FLAG_MORE);
  for (std::size_t i = 1; i < limits::kTxSegments; ++i) {
    shut.write(body().data() + 1000 * i, kPiece, TCP_WRITE_FLAG_MORE);
  }
  REQUIRE(shut.pcb->unsent != nullptr);
  REQUIRE(shut.pcb->unsent->next == nullptr);
  REQUIRE(pbuf_clen(shut.pcb->unsent->p) == limits::kTxSegments);
}

bool is_whole(const Bytes& received) {
  Bytes expected(body().begin(), body().begin() + kText);
  for (std::size_t i = 1; i < limits::kTxSegments; ++i) {
    const auto from = body().begin() + static_cast<long>(1000 * i);
    expected.insert(expected.end(), from, from + kPiece);
  }
  return received == expected;
}

void check_others_are_served(std::uint16_t port) {
  Network network;
  CHECK(fetch(network, 20'000, port) >= 0);
}

}  // namespace

TEST_CASE("a window that ends inside a segment's text makes no segment that a device can't take") {
  Shut shut(3000);
  write_many_pieces(shut);
  tcp_output(shut.pcb);
  shut.offer(10);  // the persist timer splits inside the text
  run(shut.peer, shut.network, 5000);
  CHECK(shut.peer.body.size() >= 10);
  for (const tcp_seg* seg = shut.pcb->unsent; seg != nullptr; seg = seg->next) {
    CHECK(pbuf_clen(seg->p) <= limits::kTxSegments);
  }
  shut.offer(60'000);
  run(shut.peer, shut.network, 5000);
  CHECK(is_whole(shut.peer.body));
  CHECK(server().interface.attachment().counters().tx_unsendable == 0);
  check_others_are_served(3001);
}

TEST_CASE("partly acknowledged text is resent from its first unacknowledged byte") {
  Shut shut(3002);
  write_many_pieces(shut);
  shut.offer(60'000);
  tcp_output(shut.pcb);
  settle(server());
  const std::uint32_t start = shut.peer.expected;
  server().device.wire.clear();  // all is lost except 30 bytes, as if a middlebox had cut it
  shut.acknowledge(start + 30, 60'000);
  CHECK(shut.pcb->lastack == start + 30);
  REQUIRE(shut.pcb->unacked != nullptr);
  CHECK(lwip_ntohl(shut.pcb->unacked->tcphdr->seqno) == start + 30);
  shut.peer.body.assign(body().begin(), body().begin() + 30);
  shut.peer.expected = start + 30;
  run(shut.peer, shut.network, 5000);
  CHECK(is_whole(shut.peer.body));
}

TEST_CASE("the acknowledged part of a segment that the device held isn't resent") {
  Shut shut(3004);
  constexpr std::uint16_t kWindow = 5;
  shut.write(body().data(), 4000, 0);
  shut.offer(60'000);
  tcp_output(shut.pcb);
  settle(server());
  const std::uint32_t start = shut.peer.expected;
  server().device.wire.clear();
  REQUIRE(shut.pcb->unacked != nullptr);
  struct pbuf* const held = shut.pcb->unacked->p;
  pbuf_ref(held);  // as the device's ring does
  shut.acknowledge(start + kWindow, kWindow);
  pbuf_free(held);
  shut.peer.body.assign(body().begin(), body().begin() + kWindow);
  shut.peer.expected = start + kWindow;
  for (int i = 0; i < 100; ++i) {  // the retransmission timer, then the persist timer
    advance(milliseconds(50));
    settle(server());
  }
  for (int i = 0; i < 4; ++i) shut.acknowledge(start + kWindow, kWindow);
  shut.acknowledge(start + kWindow, 60'000);
  run(shut.peer, shut.network, 10'000);
  CHECK(shut.peer.body == Bytes(body().begin(), body().begin() + 4000));
  CHECK(shut.pcb->snd_queuelen == 0);
  CHECK(netstack::tcp_counters().broken == 0);
}

TEST_CASE("segments stay in order when a window shrinks between two kinds of resending") {
  Shut shut(3006);
  shut.offer(60'000);
  for (int i = 0; i < 4; ++i) {
    shut.write(body().data() + i * 1000, 1000, 0);
    tcp_output(shut.pcb);
    settle(server());
  }
  const std::uint32_t start = shut.peer.expected;
  server().device.wire.clear();
  shut.acknowledge(start, 500);
  for (int i = 0; i < 3; ++i) shut.acknowledge(start, 500);  // fast retransmit, and no room for it
  REQUIRE(shut.pcb->unsent != nullptr);
  REQUIRE(shut.pcb->unacked != nullptr);
  for (int i = 0; i < 40 && shut.pcb->unacked != nullptr; ++i) {  // until the timer fires
    advance(milliseconds(50));
    settle(server());
  }
  for (const tcp_seg* seg = shut.pcb->unsent; seg->next != nullptr; seg = seg->next) {
    CHECK(TCP_SEQ_LT(lwip_ntohl(seg->tcphdr->seqno), lwip_ntohl(seg->next->tcphdr->seqno)));
  }
  server().device.wire.clear();
  shut.offer(60'000);
  run(shut.peer, shut.network, 20'000);
  CHECK(shut.peer.body == Bytes(body().begin(), body().begin() + 4000));
}

TEST_CASE("a peer that becomes slower and slower keeps no connection for hours") {
  Machine& m = server();
  Shut shut(3008);
  shut.offer(60'000);
  const auto wait = [&](int ticks) {
    for (int i = 0; i < 2 * ticks && connection_with(3008) != nullptr; ++i) {
      advance(milliseconds(TCP_TMR_INTERVAL));
      settle(m);
      m.device.wire.clear();
    }
  };
  const auto write = [&] {
    shut.write(body().data(), 1000, 0);
    tcp_output(shut.pcb);
  };
  // Each answer comes just before the segment would be sent again.
  std::uint32_t acknowledged = shut.peer.expected;
  while (shut.pcb->rto < MOTE_TCP_LONGEST_RTO) {
    write();
    wait(shut.pcb->rto - 3);
    shut.acknowledge(acknowledged += 1000, 60'000);
  }
  write();
  wait(14 * MOTE_TCP_LONGEST_RTO);
  CHECK(connection_with(3008) == nullptr);
}

TEST_CASE("inconsistent accounts cost their own connection only") {
  const std::uint64_t before = netstack::tcp_counters().broken;
  Shut shut(3010);
  shut.write(body().data(), 1000, 0);
  shut.pcb->snd_queuelen += 3;  // some fault of ours
  shut.offer(60'000);
  tcp_output(shut.pcb);
  run(shut.peer, shut.network, 1000);
  CHECK(shut.peer.was_reset);
  CHECK(connection_with(3010) == nullptr);
  CHECK(netstack::tcp_counters().broken == before + 1);
  check_others_are_served(3011);
}

TEST_CASE("a frame that no device takes is dropped and counted instead of queued") {
  Machine& m = server();
  const std::uint64_t before = m.interface.attachment().counters().tx_unsendable;
  struct pbuf* const frame = pbuf_alloc(PBUF_RAW, 2000, PBUF_RAM);
  REQUIRE(frame != nullptr);
  netif& netif = m.interface.attachment().netif();
  CHECK(netif.linkoutput(&netif, frame) == ERR_OK);
  m.device.ring = 0;  // so that it would go into the backlog
  CHECK(netif.linkoutput(&netif, frame) == ERR_OK);
  m.device.ring = 256;
  pbuf_free(frame);
  CHECK(m.interface.attachment().counters().tx_unsendable == before + 2);
  CHECK(m.device.wire.empty());
  check_others_are_served(3012);
}

TEST_CASE("a frame that can't leave gives way to those behind it") {
  Machine& m = server();
  const std::uint64_t before = m.interface.attachment().counters().tx_stuck;
  m.device.ring = 0;
  netif& netif = m.interface.attachment().netif();
  struct pbuf* const frame = pbuf_alloc(PBUF_RAW, 100, PBUF_RAM);
  REQUIRE(frame != nullptr);
  CHECK(netif.linkoutput(&netif, frame) == ERR_OK);
  m.interface.tend(clock::now());
  advance(milliseconds(limits::kTxPatienceMs - 1));
  m.interface.tend(clock::now());
  CHECK(m.interface.attachment().counters().tx_stuck == before);
  CHECK(frame->ref == 2);
  advance(milliseconds(1));
  m.interface.tend(clock::now());
  CHECK(m.interface.attachment().counters().tx_stuck == before + 1);
  CHECK(frame->ref == 1);
  pbuf_free(frame);
  m.device.ring = 256;
  check_others_are_served(3013);
}
