// Long segments in trouble: losses, shut windows, no memory, a device that returns segments late.
#include <doctest/doctest.h>

#include "lwip/pbuf.h"
#include "netstack/wire/headers.hpp"
#include "tests/unit/netstack/held_stream.hpp"
#include "tests/unit/netstack/tcp_server.hpp"

using namespace mote;
using namespace mote::world;

namespace {

// Runs before the machine is made, which needs a device that cuts.
const bool prepared = [] {
  machine_segmentation = Segmentation::kWholeLength;
  return true;
}();

// A peer's connection with a service that sends what the test says.
struct Held {
  Network network;
  TcpPeer peer;
  HeldStream* service = nullptr;

  explicit Held(std::uint16_t port, std::uint16_t window = 60'000) : peer(port) {
    REQUIRE(prepared);
    hold_streams();
    peer.service = kHeldService;
    peer.window = window;
    peer.connect();
    run(peer, network, 20);
    REQUIRE(peer.established);
    service = &last_held();
  }

  // Both sides know that the window is shut.
  void shut() {
    peer.window = 0;
    peer.send(request_for(0));
    run(peer, network, 300);
  }
};

const netstack::TcpHeader& tcp_of(const Bytes& frame) {
  return *reinterpret_cast<const netstack::TcpHeader*>(frame.data() + 34);
}

}  // namespace

TEST_CASE("a client that closes its side during recovery gets the whole response") {
  Machine& m = hold_streams();
  Held held(2920);
  TcpPeer& peer = held.peer;
  // Three frames, sent one by one, of which the first two are lost.
  for (int i = 0; i < 3; ++i) {
    held.service->send(body().data() + i * 1460, 1460);
    settle(m);
  }
  m.device.wire.clear();
  const std::uint32_t start = peer.expected;
  for (int i = 0; i < 3; ++i) {
    m.device.receive(peer.segment(TcpPeer::kAck, peer.sequence(), start));
  }
  settle(m);
  m.device.wire.clear();
  // The first one was resent, and the client sends no more.
  m.device.receive(peer.segment(TcpPeer::kAck | TcpPeer::kFin, peer.sequence(), start + 1460));
  settle(m);
  bool repaired = false;
  for (const Bytes& frame : m.device.wire) {
    const bool ends = (tcp_of(frame).offset_and_flags & TcpPeer::kFin) != 0;
    repaired |= tcp_of(frame).sequence == start + 1460 && !ends;
    if (ends) CHECK(tcp_of(frame).sequence == start + 3 * 1460);
  }
  CHECK(repaired);
  m.device.wire.clear();
  peer.reset();
  run(peer, held.network, 20);
}

// A probe lies below the window, without data: the peer has nothing to drop, and answers.
TEST_CASE("a shut window is probed without data, until it opens") {
  Machine& m = hold_streams();
  Held held(2900);
  TcpPeer& peer = held.peer;
  held.shut();
  held.service->send(body().data(), 1);
  settle(m);
  run(peer, held.network, 65'000);
  CHECK(peer.received == 0);
  CHECK_FALSE(peer.was_reset);
  CHECK(held.service->is_open());
  peer.window = 100;  // which only its answer to a probe tells
  run(peer, held.network, 120'000);
  CHECK(peer.body.size() == 1);
  peer.reset();
  run(peer, held.network, 20);
}

TEST_CASE("a window of 65,536 bytes opens while others have all of lwIP's memory") {
  Machine& m = hold_streams();
  Held held(2930, 40'000 >> 4);
  TcpPeer& peer = held.peer;
  held.shut();
  held.service->send(body().data(), 60'000);
  settle(m);
  run(peer, held.network, 10);
  CHECK(peer.body.empty());
  struct pbuf* others = nullptr;
  while (struct pbuf* taken = pbuf_alloc(PBUF_RAW, 0, PBUF_ROM)) {
    if (others != nullptr) pbuf_cat(taken, others);
    others = taken;
  }
  peer.window = static_cast<std::uint16_t>(65'536 >> peer.scale);
  m.device.receive(peer.segment(TcpPeer::kAck, peer.sequence(), peer.expected));
  settle(m);
  for (int i = 0; i < 2000; ++i) {
    advance(milliseconds(1));
    settle(m);
  }
  m.device.wire.clear();
  pbuf_free(others);
  run(peer, held.network, 5000);
  CHECK(peer.body.size() == 60'000);
  peer.reset();
  run(peer, held.network, 20);
}

TEST_CASE("only the hole in a partly acknowledged segment is resent") {
  REQUIRE(prepared);
  Machine& m = server();
  Network network;
  TcpPeer peer(2910);
  TcpPeer* peers[] = {&peer};
  std::uint32_t sent = 0;  // the end of it
  network.to_peer.carries = [&](const Bytes& frame) {
    const auto end = static_cast<std::uint32_t>(tcp_of(frame).sequence + frame.size() - 54);
    if (frame.size() > 60) sent = end;
    return true;
  };
  peer.connect();
  run(peer, network, 20);
  peer.send(request_for(4'000'000));
  REQUIRE(run_until(peer, network, [&] { return peer.body.size() >= 1'000'000; }));
  // The device still holds the segments when the ACK for the first frames comes.
  network.to_peer.latency = milliseconds(10);
  m.device.keeps = true;
  const std::uint32_t first = sent;
  const auto is_before = [&](std::uint32_t end) {
    return static_cast<std::int32_t>(peer.expected - end) < 0;
  };
  for (int i = 0; i < 200 && (is_before(first) || !is_before(sent - 20 * 1460)); ++i) {
    step(m, network, peers);
  }
  m.device.wire.clear();
  network = {};
  REQUIRE(sent - peer.expected > 10 * 1460);
  const std::uint32_t hole = peer.expected + 5 * 1460;
  m.device.receive(peer.segment(TcpPeer::kAck, peer.sequence(), hole));
  settle(m);
  m.device.wire.clear();
  m.device.keeps = false;
  m.interface.turn();
  for (int i = 0; i < 3; ++i) {
    m.device.receive(peer.segment(TcpPeer::kAck, peer.sequence(), hole));
  }
  settle(m);
  bool resent = false;
  for (const Bytes& frame : m.device.wire) {
    resent |= tcp_of(frame).sequence == hole;
    CHECK(static_cast<std::int32_t>(tcp_of(frame).sequence - hole) >= 0);
  }
  CHECK(resent);
  m.device.wire.clear();
  peer.reset();
  run(peer, network, 20);
}
