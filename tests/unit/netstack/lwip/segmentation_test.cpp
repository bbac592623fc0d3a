// Long segments that the device cuts into frames, and windows that they must fit.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>

#include "lwip/priv/tcp_priv.h"
#include "netstack/interface/transmit.hpp"
#include "netstack/lwip/heap.hpp"
#include "netstack/stream.hpp"
#include "netstack/wire/headers.hpp"
#include "tests/unit/netstack/tcp_server.hpp"

using namespace mote;
using namespace mote::world;

namespace {

// Runs before the machine is made, which needs a device that cuts.
const bool prepared = [] {
  machine_segmentation = Segmentation::kWholeLength;
  return true;
}();

// A server that answers with `bytes` of the body in pieces of `piece`, followed at once by its FIN.
struct Answer {
  std::size_t bytes = 0;
  std::size_t piece = 0;
};
Answer answer;

class Answering {
 public:
  void begin(netstack::TcpStream stream) {
    stream_ = stream;
    stream_.begin(*this);
  }
  void on_arrived(netstack::Arrived data) {
    stream_.open_window(data.bytes());
    for (std::size_t at = 0; at < answer.bytes; at += answer.piece) {
      // Every second piece is from a copy elsewhere, so that none extends the one before.
      static const Bytes copy(body().begin(), body().begin() + 100'000);
      const Bytes& source = at / answer.piece % 2 == 0 ? body() : copy;
      const std::size_t bytes = std::min(answer.piece, answer.bytes - at);
      const auto* from = reinterpret_cast<const char*>(source.data()) + at;
      REQUIRE(stream_.write(piece_of({from, bytes}), netstack::TcpStream::Write::kReferenced));
    }
    stream_.close();
  }
  void on_peer_closed() {
    stream_.release();
    delete this;
  }
  void on_acknowledged(std::uint32_t) {}
  void on_retry() {}
  void on_lost() { delete this; }

 private:
  netstack::TcpStream stream_;
};

bool accept(netstack::TcpStream stream) {
  (new Answering)->begin(stream);
  return true;
}

// The port of such a server, listening.
std::uint16_t answering_port() {
  constexpr std::uint16_t kPort = 82;
  server();
  static const bool listens = netstack::listen<accept>(kPort);
  REQUIRE(listens);
  return kPort;
}

void wait_for_silence(std::size_t blocks) {
  for (int i = 0; i < 40'000; ++i) {
    advance(milliseconds(1));
    settle(machine());
  }
  CHECK(netstack::heap::used() == blocks);
}

}  // namespace

TEST_CASE("a transfer goes out in few long segments") {
  REQUIRE(prepared);
  Machine& m = server();
  const std::size_t cuts = m.device.cuts;
  const std::uint64_t frames = m.interface.attachment().counters().tx_frames;
  Network network;
  const std::size_t bytes = 8 * 1024 * 1024;
  CHECK(fetch(network, bytes, 2000) > 0);
  CHECK(m.device.cuts > cuts);
  const std::uint64_t sent = m.interface.attachment().counters().tx_frames - frames;
  MESSAGE(sent, " frames handed over, ", m.device.cuts - cuts, " of them to be cut");
  CHECK(sent < bytes / 1460 / 2);  // pacing cuts them shorter than the device could take
}

TEST_CASE("transfers arrive complete with long segments, whatever the line loses") {
  server();
  std::uint16_t port = 2100;
  for (const double latency_ms : {0.5, 10.0, 50.0}) {
    for (const double loss : {0.0, 0.01, 0.05}) {
      const std::size_t blocks = netstack::heap::used();
      Network network;
      network.to_machine.loss = network.to_peer.loss = loss;
      network.to_machine.latency = network.to_peer.latency =
          microseconds(static_cast<std::uint64_t>(latency_ms * 1000));
      const long took = fetch(network, 4 * 1024 * 1024, ++port);
      MESSAGE("latency ", latency_ms, " ms, loss ", loss * 100, " %: ", took, " ms");
      CHECK(took > 0);
      wait_for_silence(blocks);
    }
  }
}

TEST_CASE("transfers survive reordering, and a ring with little room") {
  Machine& m = server();
  for (const std::size_t ring : {256, 2, 1}) {
    m.device.ring = ring;
    Network network;
    network.to_machine.reorder = network.to_peer.reorder = 0.05;
    const long took = fetch(network, 1024 * 1024, static_cast<std::uint16_t>(2200 + ring));
    MESSAGE("5 % reordered, ring of ", ring, ": ", took, " ms");
    CHECK(took > 0);
  }
  m.device.ring = 256;
}

TEST_CASE("only the lost part is resent") {
  server();
  Network network;
  TcpPeer peer(2300);
  peer.connect();
  run(peer, network, 20);
  peer.send(request_for(4'000'000));
  REQUIRE(run_until(peer, network, [&] { return peer.body.size() >= 1'000'000; }));
  network.to_peer.loss = 0.2;
  REQUIRE(run_until(peer, network, [&] { return network.to_peer.lost >= 3; }));
  network.to_peer.loss = 0;
  run(peer, network, 5000);
  CHECK(peer.body.size() == 4'000'000);
  CHECK(std::equal(peer.body.begin(), peer.body.end(), body().begin()));
  CHECK(peer.received - peer.body.size() <= 10 * 1460);  // not the long segments they came from
}

TEST_CASE("a window of any width is filled and never overrun") {
  server();
  std::uint16_t port = 2400;
  for (const std::uint16_t window : {100, 1459, 1460, 1461, 5000, 40'000, 65'535}) {
    Network network;
    TcpPeer peer(++port);
    TcpPeer* peers[] = {&peer};
    peer.scale = 0;
    peer.window = window;
    peer.connect();
    run(peer, network, 20);
    peer.send(request_for(60'000));
    int steps = 0;
    for (; steps < 400'000 && !peer.finished; ++steps) step(server(), network, peers);
    CHECK(peer.most_beyond <= window);
    CHECK(peer.body.size() == 60'000);
    CHECK(std::equal(peer.body.begin(), peer.body.end(), body().begin()));
    peer.close();
    run(peer, network, 20);
  }
}

TEST_CASE("the end of a response comes with its last byte, not with the first half") {
  answer = {1000, 1000};
  Network network;
  TcpPeer peer(2500);
  peer.service = answering_port();
  peer.window = 0;
  peer.connect();
  run(peer, network, 20);
  peer.send(request_for(0));
  run(peer, network, 20);
  peer.window = 400 >> peer.scale;  // the segment's first part; the FIN is behind the rest
  machine().device.receive(peer.segment(TcpPeer::kAck, peer.sequence(), peer.expected));
  for (int i = 0; i < 2000 && !peer.finished; ++i) run(peer, network, 1);
  CHECK((!peer.finished || peer.body.size() == 1000));
  peer.window = 60'000;
  machine().device.receive(peer.segment(TcpPeer::kAck, peer.sequence(), peer.expected));
  run(peer, network, 5000);
  CHECK(peer.finished);
  CHECK(peer.body.size() == 1000);
}

TEST_CASE("a segment in many small pieces is no longer than can be copied") {
  const std::uint16_t port = answering_port();
  for (const double loss : {0.0, 0.05}) {
    for (const std::size_t piece : {60, 150, 700, 1500, 9000}) {
      answer = {50 * piece < 80'000 ? 50 * piece : 80'000, piece};
      Network network;
      network.to_peer.loss = loss;
      TcpPeer peer(static_cast<std::uint16_t>(2600 + piece + (loss > 0 ? 1 : 0)));
      peer.service = port;
      peer.connect();
      run(peer, network, 20);
      peer.send(request_for(0));
      run(peer, network, 20'000);
      CHECK(peer.finished);
      REQUIRE(peer.body.size() == answer.bytes);
      CHECK(std::equal(peer.body.begin(), peer.body.end(), body().begin()));
      peer.close();
      run(peer, network, 20);
    }
  }
}

TEST_CASE("frames are as long as the peer allows, and unusually short ones are not cut") {
  Machine& m = server();
  std::uint16_t port = 2800;
  for (const std::uint16_t mss : {216, 535, 536, 1000}) {
    const std::size_t cuts = m.device.cuts;
    Network network;
    TcpPeer peer(++port);
    peer.mss = mss;
    peer.connect();
    run(peer, network, 20);
    peer.send(request_for(300'000));
    run(peer, network, 10'000);
    CHECK(peer.body.size() == 300'000);
    CHECK(std::equal(peer.body.begin(), peer.body.end(), body().begin()));
    CHECK(peer.longest <= mss);
    CHECK((m.device.cuts > cuts) == (mss >= 536));
    peer.close();
    run(peer, network, 20);
  }
}

TEST_CASE("a peer that shrinks its window is probed, not flooded") {
  Machine& m = server();
  Network network;
  TcpPeer peer(2900);
  peer.connect();
  run(peer, network, 20);
  peer.send(request_for(400'000));
  REQUIRE(run_until(peer, network, [&] { return peer.body.size() >= 20'000; }));
  peer.full = true;
  peer.window = 0;
  const std::uint64_t before = peer.received;
  run(peer, network, 30'000);
  // Slow start's third flight (RFC 6928: 10, 20, 40 segments), which was on its way; nothing twice.
  CHECK(peer.received - before == 40 * 1460);
  CHECK(peer.received - before == connection_with(2900)->snd_nxt - peer.expected);
  peer.full = false;
  peer.window = 60'000;
  m.device.receive(peer.segment(TcpPeer::kAck, peer.sequence(), peer.expected));
  run(peer, network, 3000);
  CHECK(peer.body.size() == 400'000);
  CHECK(std::equal(peer.body.begin(), peer.body.end(), body().begin()));
}
