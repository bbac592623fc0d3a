// TCP through the whole stack: transfers over lossy lines, forged segments, sequence numbers,
// windows.
#include "lwip/tcp.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>

#include "kernel/limits.hpp"
#include "netstack/lwip/heap.hpp"
#include "netstack/stack.hpp"
#include "netstack/stats.hpp"
#include "tests/unit/netstack/held_stream.hpp"
#include "tests/unit/netstack/tcp_server.hpp"

using namespace mote;
using namespace mote::world;

namespace {

std::size_t transfer_bytes() {
  const char* megabytes = std::getenv("MOTE_TRANSFER_MIB");
  return (megabytes != nullptr ? std::strtoul(megabytes, nullptr, 10) : 4) * 1024 * 1024;
}

}  // namespace

TEST_CASE("transfers arrive complete, whatever the line loses") {
  std::uint16_t port = 2000;
  for (const double latency_ms : {0.5, 10.0, 50.0}) {
    for (const double loss : {0.0, 0.01, 0.05}) {
      const std::size_t blocks = netstack::heap::used();
      Network network;
      network.to_machine.loss = network.to_peer.loss = loss;
      network.to_machine.latency = network.to_peer.latency =
          microseconds(static_cast<std::uint64_t>(latency_ms * 1000));
      const long took = fetch(network, transfer_bytes(), ++port);
      MESSAGE("latency ", latency_ms, " ms, loss ", loss * 100, " %: ", took, " ms");
      CHECK(took > 0);
      for (int i = 0; i < 40'000; ++i) {
        advance(milliseconds(1));
        settle(machine());
      }
      CHECK(netstack::heap::used() == blocks);
    }
  }
}

TEST_CASE("retransmitted segments are counted, and only those") {
  const auto resent = [] { return netstack::tcp_counters().resent; };
  const std::uint64_t before = resent();
  Network sound;
  CHECK(fetch(sound, 1'000'000, 2900) > 0);
  CHECK(resent() == before);
  Network lossy;
  lossy.to_peer.loss = 0.02;
  CHECK(fetch(lossy, 1'000'000, 2901) > 0);
  CHECK(resent() - before >= lossy.to_peer.lost / 2);
  CHECK(resent() > before);
}

TEST_CASE("dropped segments are counted by reason") {
  Machine& m = server();
  const netstack::TcpCounters before = netstack::tcp_counters();
  TcpPeer peer(2950);
  peer.service = 81;  // nobody listens there
  Bytes stray = peer.segment(TcpPeer::kAck, 1, 1);
  m.device.receive(stray);
  stray.back() ^= 1;  // in the urgent pointer, which the checksum covers
  m.device.receive(stray);
  settle(m);
  const netstack::TcpCounters after = netstack::tcp_counters();
  CHECK(after.dropped_stray == before.dropped_stray + 1);
  CHECK(after.dropped_checksum == before.dropped_checksum + 1);
  CHECK(after.dropped_length == before.dropped_length);
  CHECK(after.dropped_otherwise == before.dropped_otherwise);
}

TEST_CASE("several losses in one flight are repaired without waiting for the timer") {
  Network network;
  int segments = 0;
  network.to_peer.carries = [&](const Bytes& frame) {
    if (frame.size() < 1000) return true;
    ++segments;
    return segments != 40 && segments != 43 && segments != 46;
  };
  const std::uint64_t before = netstack::tcp_counters().resent;
  const long took = fetch(network, 300'000, 2960);
  MESSAGE("three losses: ", took, " ms");
  CHECK(took > 0);
  CHECK(took < 150);  // the timer waits for 200 ms at least
  CHECK(netstack::tcp_counters().resent == before + 3);
}

TEST_CASE("no segment size below 216 bytes is believed") {
  server();
  Network network;
  TcpPeer peer(2970);
  peer.mss = 1;
  peer.connect();
  run(peer, network, 20);
  peer.send(request_for(1000));
  run(peer, network, 3000);
  CHECK(peer.body.size() == 1000);
  CHECK(peer.longest == 216);
}

TEST_CASE("a window that becomes smaller is kept to") {
  Machine& m = hold_streams();
  Network network;
  TcpPeer peer(2980);
  peer.service = kHeldService;
  peer.connect();
  run(peer, network, 20);
  // Two segments of the same numbers: only the window is news.
  for (const int window : {60'000, 500}) {
    peer.window = static_cast<std::uint16_t>(window >> peer.scale);
    m.device.receive(peer.segment(TcpPeer::kAck, peer.sequence(), peer.expected));
    settle(m);
  }
  last_held().send(body().data(), 5000);
  settle(m);
  std::size_t sent = 0;
  for (const Bytes& frame : m.device.wire) sent += frame.size() - 54;
  CHECK(sent <= 500);
  m.device.wire.clear();
  peer.reset();
  run(peer, network, 20);
}

TEST_CASE("transfers survive reordering") {
  Network network;
  network.to_machine.reorder = network.to_peer.reorder = 0.05;
  const long took = fetch(network, transfer_bytes(), 3000);
  MESSAGE("5 % reordered: ", took, " ms");
  CHECK(took > 0);
}

TEST_CASE("a connection that replaces one in TIME-WAIT starts beyond its numbers") {
  Machine& m = server();
  Network network;
  std::uint32_t end = 0;
  for (std::uint32_t round = 0; round < 3; ++round) {
    TcpPeer peer(4900, 1000 + round * 1'000'000);
    TcpPeer* peers[] = {&peer};
    peer.connect();
    for (int i = 0; i < 20; ++i) step(m, network, peers);
    REQUIRE(peer.established);
    if (round > 0) CHECK(static_cast<std::int32_t>(peer.their_isn - end) > 0);
    peer.send(request_for(4'000'000));
    for (int i = 0; i < 5000 && !peer.finished; ++i) step(m, network, peers);
    REQUIRE(peer.body.size() == 4'000'000);
    peer.close();
    for (int i = 0; i < 20; ++i) step(m, network, peers);
    end = peer.expected - 1;
  }
}

TEST_CASE("when packets are scarce, frames are copied out of them") {
  Machine& m = server();
  Network network;
  std::vector<Packet> taken;
  while (Packet::free_count() >= limits::kPacketReserve) taken.push_back(Packet::allocate());
  const std::uint64_t copied = m.interface.attachment().counters().rx_copied;
  CHECK(fetch(network, 300'000, 4700) > 0);
  CHECK(m.interface.attachment().counters().rx_copied > copied + 100);
  CHECK(m.interface.attachment().counters().rx_no_memory == 0);
}

TEST_CASE("a checksum is verified unless the device has done so") {
  Machine& m = server();
  const TcpPeer peer(4800);
  Bytes frame = peer.segment(TcpPeer::kSyn, 1, 0);
  frame[50] ^= 1;  // TCP's checksum
  const auto answers = [&](RxChecksum checksum) {
    settle(m);
    m.device.wire.clear();
    m.device.receive(frame, checksum);
    settle(m);
    m.interface.turn();
    return m.device.wire.size();
  };
  CHECK(answers(RxChecksum::kUnknown) == 0);
  CHECK(answers(RxChecksum::kVerified) == 1);
  CHECK(answers(RxChecksum::kUnknown) == 0);
}

TEST_CASE("forged segments neither end a connection nor change it") {
  Machine& m = server();
  Network network;
  TcpPeer peer(5000, 70'000);
  TcpPeer* peers[] = {&peer};
  peer.connect();
  for (int i = 0; i < 20; ++i) step(m, network, peers);
  REQUIRE(peer.established);
  const std::uint32_t next = 70'001;
  const Bytes evil = request_for(77);
  const auto forge = [&](Bytes frame) {
    m.device.receive(frame);
    for (int i = 0; i < 5; ++i) step(m, network, peers);
  };
  forge(peer.segment(TcpPeer::kRst, next + 100, 0));  // not the next number
  forge(peer.segment(TcpPeer::kSyn, next, 0));
  forge(peer.segment(TcpPeer::kSyn | TcpPeer::kAck, next + 7, peer.expected));
  forge(peer.segment(0, next, peer.expected, evil));                     // no ACK
  forge(peer.segment(TcpPeer::kAck, next, peer.expected + 1000, evil));  // ACK of unsent data
  forge(peer.segment(TcpPeer::kAck, next, peer.expected - 1'000'000, evil));
  forge(peer.segment(TcpPeer::kFin, next, 0));
  CHECK(peer.body.empty());
  peer.send(request_for(3000));
  for (int i = 0; i < 500; ++i) step(m, network, peers);
  CHECK(peer.body.size() == 3000);
  CHECK(std::equal(peer.body.begin(), peer.body.end(), body().begin()));
}

TEST_CASE("an MSS option on an open connection is ignored") {
  Machine& m = server();
  Network network;
  TcpPeer peer(5100);
  TcpPeer* peers[] = {&peer};
  peer.window = 0;
  peer.connect();
  for (int i = 0; i < 20; ++i) step(m, network, peers);
  peer.send(request_for(3000));
  for (int i = 0; i < 20; ++i) step(m, network, peers);
  peer.window = 400 >> peer.scale;
  m.device.receive(peer.segment_with_size(250));
  for (int i = 0; i < 2000; ++i) step(m, network, peers);  // its first 400 bytes
  peer.window = 60'000;
  m.device.receive(peer.segment(TcpPeer::kAck, peer.sequence(), peer.expected));
  for (int i = 0; i < 5000; ++i) step(m, network, peers);
  CHECK(peer.body.size() == 3000);
  CHECK(std::equal(peer.body.begin(), peer.body.end(), body().begin()));
}

TEST_CASE("a window that was shut at first may open by little") {
  Machine& m = server();
  Network network;
  TcpPeer peer(5150);
  TcpPeer* peers[] = {&peer};
  peer.window = 0;
  peer.connect();
  for (int i = 0; i < 20; ++i) step(m, network, peers);
  peer.send(request_for(200'000));  // more than fits into the send buffer
  for (int i = 0; i < 20; ++i) step(m, network, peers);
  peer.window = 400 >> peer.scale;
  m.device.receive(peer.segment(TcpPeer::kAck, peer.sequence(), peer.expected));
  for (int i = 0; i < 2000; ++i) step(m, network, peers);
  peer.window = 60'000;
  m.device.receive(peer.segment(TcpPeer::kAck, peer.sequence(), peer.expected));
  for (int i = 0; i < 5000; ++i) step(m, network, peers);
  CHECK(peer.body.size() == 200'000);
}

TEST_CASE("data that comes with the ACK on which the server closes is not kept for ever") {
  Machine& m = server();
  Network network;
  const std::size_t packets = Packet::free_count();
  const std::size_t blocks = netstack::heap::used();
  for (std::uint16_t port = 5200; port < 5300; ++port) {
    TcpPeer peer(port);
    TcpPeer* peers[] = {&peer};
    peer.connect();
    for (int i = 0; i < 10; ++i) step(m, network, peers);
    peer.send(request_for(1000));
    for (int i = 0; i < 10; ++i) step(m, network, peers);
    REQUIRE(peer.body.size() == 1000);
    m.device.receive(peer.segment(TcpPeer::kAck, peer.sequence(), peer.expected, {1, 2, 3, 4}));
    for (int i = 0; i < 10; ++i) step(m, network, peers);
    CHECK(peer.was_reset);
  }
  CHECK(Packet::free_count() == packets);
  CHECK(netstack::heap::used() <= blocks);  // fewer when the flood's last connections expire
}

TEST_CASE("a callback may close when data it refused is offered again") {
  Machine& m = server();
  static int offers;
  struct tcp_pcb* pcb = tcp_new();
  REQUIRE(tcp_bind(pcb, IP_ADDR_ANY, 81) == ERR_OK);
  struct tcp_pcb* listener = tcp_listen(pcb);
  tcp_accept(listener, [](void*, struct tcp_pcb* accepted, err_t) -> err_t {
    tcp_recv(accepted, [](void*, struct tcp_pcb* open, struct pbuf* data, err_t) -> err_t {
      ++offers;
      if (data == nullptr) return tcp_close(open);
      if (offers == 1) return ERR_MEM;
      pbuf_free(data);
      return tcp_close(open);
    });
    return ERR_OK;
  });
  Network network;
  for (const std::uint8_t last : {TcpPeer::kRst, TcpPeer::kFin, std::uint8_t{0}}) {
    offers = 0;
    TcpPeer peer(static_cast<std::uint16_t>(5300 + last));
    TcpPeer* peers[] = {&peer};
    peer.service = 81;
    peer.connect();
    for (int i = 0; i < 10; ++i) step(m, network, peers);
    const std::uint32_t next = peer.sequence();
    const std::uint8_t with_data = last == TcpPeer::kFin ? last : std::uint8_t{0};
    m.device.receive(peer.segment(TcpPeer::kAck | with_data, next, peer.expected, {1, 2, 3}));
    if (last == TcpPeer::kRst) {
      m.device.receive(peer.segment(TcpPeer::kRst | TcpPeer::kAck, next + 3, peer.expected));
    }
    for (int i = 0; i < 200; ++i) step(m, network, peers);
    CHECK(offers == 2);
    CHECK(peer.was_reset);
    for (std::uint16_t port = 5310; port < 5313; ++port) CHECK(fetch(network, 1000, port) > 0);
  }
  tcp_close(listener);
}

TEST_CASE("initial sequence numbers differ from connection to connection") {
  Machine& m = server();
  Network network;
  TcpPeer first(6000);
  TcpPeer second(6001);
  TcpPeer* peers[] = {&first, &second};
  first.connect();
  second.connect();
  for (int i = 0; i < 20; ++i) step(m, network, peers);
  REQUIRE(second.established);
  const auto distance = static_cast<std::int32_t>(first.their_isn - second.their_isn);
  CHECK(std::abs(distance) > 1000);
  first.reset();
  second.reset();
  for (int i = 0; i < 20; ++i) step(m, network, peers);
}
