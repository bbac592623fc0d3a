// Harm that one peer could do to the whole machine through its own queue, and the faults that
// allowed it. Each was found by tests/fuzz/life_fuzzer.cpp, or before that existed.
#include <doctest/doctest.h>

#include <array>

#include "drivers/limits.hpp"
#include "lwip/pbuf.h"
#include "netstack/limits.hpp"
#include "netstack/stats.hpp"
#include "netstack/wire/headers.hpp"
#include "tests/unit/netstack/held_stream.hpp"
#include "tests/unit/netstack/tcp_server.hpp"

using namespace mote;
using namespace mote::world;
using netstack::TcpStream;

namespace {

const bool prepared = [] {
  machine_segmentation = Segmentation::kWholeLength;
  return true;
}();

// A connection whose peer has shut its window.
struct Shut {
  Network network;
  TcpPeer peer;
  HeldStream* service = nullptr;

  explicit Shut(std::uint16_t port) : peer(port) {
    REQUIRE(prepared);
    hold_streams();
    peer.service = kHeldService;
    peer.scale = 0;
    peer.connect();
    run(peer, network, 20);
    REQUIRE(peer.established);
    service = &last_held();
    offer(0);
  }
  ~Shut() {
    peer.reset();
    run(peer, network, 20);
  }
  Shut(const Shut&) = delete;
  Shut& operator=(const Shut&) = delete;

  // Acknowledges everything received, and offers a window.
  void offer(std::uint16_t window) { acknowledge(peer.expected, window); }
  void acknowledge(std::uint32_t number, std::uint16_t window) {
    peer.window = window;
    server().device.receive(peer.segment(TcpPeer::kAck, peer.sequence(), number));
    settle(server());
  }
};

std::uint32_t sequence_of(const Bytes& frame) {
  return reinterpret_cast<const netstack::TcpHeader*>(frame.data() + 34)->sequence;
}

// As many pieces as a device takes; the first is copied text.
constexpr std::size_t kText = 100;
constexpr std::size_t kPiece = 300;

void write_many_pieces(Shut& shut) {
  TcpStream& stream = shut.service->stream();
  REQUIRE(stream.write(piece_at(body().data(), kText), TcpStream::Write::kCopied));
  for (std::size_t i = 1; i < limits::kTxSegments; ++i) {
    REQUIRE(
        stream.write(piece_at(body().data() + 1000 * i, kPiece), TcpStream::Write::kReferenced));
  }
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
  shut.service->stream().flush();
  shut.offer(10);  // it ends inside the text
  run(shut.peer, shut.network, 5000);
  CHECK(shut.peer.body.size() >= 10);
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
  shut.service->stream().flush();
  settle(server());
  const std::uint32_t start = shut.peer.expected;
  server().device.wire.clear();  // all is lost except 30 bytes, as if a middlebox had cut it
  shut.acknowledge(start + 30, 60'000);
  std::uint32_t first = 0;  // of what is resent
  shut.network.to_peer.carries = [&](const Bytes& frame) {
    if (first == 0) first = sequence_of(frame);
    return true;
  };
  shut.peer.body.assign(body().begin(), body().begin() + 30);
  shut.peer.expected = start + 30;
  run(shut.peer, shut.network, 5000);
  CHECK(first == start + 30);
  CHECK(is_whole(shut.peer.body));
}

TEST_CASE("the acknowledged part of a segment that the device held isn't resent") {
  Shut shut(3004);
  constexpr std::uint16_t kWindow = 5;
  server().device.keeps = true;
  shut.service->send(body().data(), 4000);
  shut.offer(60'000);
  const std::uint32_t start = shut.peer.expected;
  server().device.wire.clear();
  shut.acknowledge(start + kWindow, kWindow);
  server().device.keeps = false;
  server().interface.turn();
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
  CHECK(shut.service->stream().in_flight() == 0);
}

TEST_CASE("segments stay in order when a window shrinks between two kinds of resending") {
  Shut shut(3006);
  shut.offer(60'000);
  for (int i = 0; i < 4; ++i) {
    shut.service->send(body().data() + i * 1000, 1000);
    settle(server());
  }
  const std::uint32_t start = shut.peer.expected;
  server().device.wire.clear();
  shut.acknowledge(start, 500);
  for (int i = 0; i < 3; ++i) shut.acknowledge(start, 500);  // fast retransmit, and no room for it
  for (int i = 0; i < 40; ++i) {                             // until the timer fires
    advance(milliseconds(50));
    settle(server());
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
  std::uint32_t acknowledged = shut.peer.expected;
  // Waits, and counts the frames that the machine sends meanwhile.
  const auto wait = [&](int ms) {
    std::size_t sent = 0;
    for (int at = 0; at < ms && shut.service->is_open(); at += 50) {
      advance(milliseconds(50));
      settle(m);
      sent += m.device.wire.size();
      m.device.wire.clear();
    }
    return sent;
  };
  // Each answer comes just before the segment would be sent again, as far as its peer can know.
  constexpr int kMinute = 60'000;
  int patience = 100;
  for (int round = 0; round < 400 && patience < 2 * kMinute && shut.service->is_open(); ++round) {
    shut.service->send(body().data(), 1000);
    settle(m);
    m.device.wire.clear();
    patience += wait(patience) == 0 ? patience / 10 : -patience / 10;
    shut.acknowledge(acknowledged += 1000, 60'000);
    m.device.wire.clear();
  }
  MESSAGE("answers after up to ", patience, " ms");
  CHECK(patience > 10'000);
  if (shut.service->is_open()) shut.service->send(body().data(), 1000);
  wait(40 * kMinute);
  CHECK_FALSE(shut.service->is_open());
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
