// Crowds: floods of SYNs, readers that never read, connections that nobody closes. What all
// connections share must leave room for a well-meaning one.
#include <doctest/doctest.h>

#include <vector>

#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"
#include "netstack/stream.hpp"
#include "tests/unit/netstack/tcp_server.hpp"

using namespace mote;
using namespace mote::world;

namespace {

// A service that answers each byte with 110 bytes of the body, the size of a 304.
class Pipeline {
 public:
  void begin(netstack::TcpStream stream) {
    stream_ = stream;
    stream_.begin(*this);
  }
  void on_arrived(netstack::Arrived data) {
    for (std::uint32_t i = 0; i < data.bytes(); ++i) {
      const auto* from = reinterpret_cast<const char*>(body().data()) + 1000 * i;
      if (!stream_.has_room(110, 1) ||
          !stream_.write(piece_of({from, 110}), netstack::TcpStream::Write::kReferenced)) {
        break;
      }
    }
    stream_.open_window(data.bytes());
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
  (new Pipeline)->begin(stream);
  return true;
}

// Opens connections from port `first` up; each requests something and never acknowledges it.
std::vector<TcpPeer> ask_and_ignore(Network& network, std::uint16_t first, std::uint16_t count,
                                    std::uint16_t service, const Bytes& request) {
  Machine& m = server();
  std::vector<TcpPeer> silent;
  for (std::uint16_t i = 0; i < count; ++i) {
    silent.emplace_back(static_cast<std::uint16_t>(first + i));
  }
  for (TcpPeer& peer : silent) {
    TcpPeer* peers[] = {&peer};
    peer.service = service;
    peer.connect();
    for (int i = 0; i < 5; ++i) step(m, network, peers);
    REQUIRE(peer.established);
  }
  for (const TcpPeer& peer : silent) {
    m.device.receive(peer.segment(TcpPeer::kAck, peer.sequence(), peer.expected, request));
    settle(m);
  }
  m.device.wire.clear();
  return silent;
}

// Requests 1,000,000 bytes and closes the client's side at once. Most of them are still to be sent.
const struct tcp_pcb* ask_and_close(Network& network, TcpPeer& reader) {
  Machine& m = server();
  TcpPeer* peers[] = {&reader};
  reader.connect();
  for (int i = 0; i < 20; ++i) step(m, network, peers);
  reader.send(request_for(1'000'000));
  for (int i = 0; i < 3; ++i) step(m, network, peers);
  reader.close();
  for (int i = 0; i < 3; ++i) step(m, network, peers);
  const struct tcp_pcb* const pcb = connection_with(reader.port());
  REQUIRE(pcb != nullptr);
  REQUIRE((pcb->state == LAST_ACK || pcb->state == CLOSING));
  REQUIRE(pcb->snd_nxt != pcb->snd_lbb);
  return pcb;
}

void reset_all(const std::vector<TcpPeer>& peers, std::size_t requested) {
  for (const TcpPeer& peer : peers) {
    const auto sent = static_cast<std::uint32_t>(requested);
    server().device.receive(peer.segment(TcpPeer::kRst, peer.sequence() + sent, 0));
    settle(server());
  }
  server().device.wire.clear();
}

}  // namespace

TEST_CASE("a flood of SYNs shuts nobody out, neither during nor after") {
  Machine& m = server();
  Network network;
  TcpPeer early(4000);
  TcpPeer* peers[] = {&early};
  early.connect();
  for (int i = 0; i < 20; ++i) step(m, network, peers);
  REQUIRE(early.established);

  const std::size_t packets = Packet::free_count();
  for (std::uint16_t port = 10'000; port < 40'000; ++port) {
    const TcpPeer flooder(port, port * 77U);
    m.device.receive(flooder.segment(TcpPeer::kSyn, port * 77U, 0));
    if (port % 50 == 0) {
      settle(m);
      m.device.wire.clear();
    }
  }
  settle(m);
  m.device.wire.clear();
  CHECK(Packet::free_count() == packets);
  CHECK(fetch(network, 100'000, 4001) > 0);  // at once, with 1,000 half-open connections left
  early.send(request_for(5000));
  for (int i = 0; i < 500; ++i) step(m, network, peers);
  CHECK(early.body.size() == 5000);
  CHECK_FALSE(early.was_reset);
}

TEST_CASE("readers that never read leave room for others") {
  Machine& m = server();
  Network network;
  std::vector<TcpPeer> readers;
  for (std::uint16_t port = 4100; port < 4500; ++port) readers.emplace_back(port);
  std::vector<TcpPeer*> peers;
  for (TcpPeer& reader : readers) {
    peers.push_back(&reader);
    reader.connect();
  }
  for (int i = 0; i < 20; ++i) step(m, network, peers);
  for (TcpPeer& reader : readers) {
    m.device.receive(
        reader.segment(TcpPeer::kAck, reader.sequence(), reader.expected, request_for(1'000'000)));
    for (std::uint32_t at = 0; at < 40; ++at) {  // just enough acknowledged to open the window
      m.device.receive(
          reader.segment(TcpPeer::kAck, reader.sequence() + 4, reader.expected + at * 1460));
      settle(m);
    }
  }
  m.device.wire.clear();
  const long took = fetch(network, 100'000, 4600);
  CHECK(took > 0);
  CHECK(took < 2000);
  for (TcpPeer& reader : readers) {
    m.device.receive(reader.segment(TcpPeer::kRst, reader.sequence() + 4, 0));
    settle(m);
  }
}

TEST_CASE("pipelines whose answers are never acknowledged leave room for others") {
  Network network;
  server();
  REQUIRE(netstack::listen<accept>(82));
  for (const std::uint16_t count : {34, 1000}) {
    const auto silent = ask_and_ignore(network, 41'000, count, 82, Bytes(245));
    const long took = fetch(network, 100'000, static_cast<std::uint16_t>(42'000 + count));
    MESSAGE(count, " pipelines: ", took, " ms");
    CHECK(took > 0);
    CHECK(took < 5000);
    reset_all(silent, 245);
  }
  netstack::stop_listening(82);
}

TEST_CASE("a thousand readers that never read leave room for others") {
  Network network;
  const auto silent = ask_and_ignore(network, 47'000, 1000, 80, request_for(1'000'000));
  const long took = fetch(network, 100'000, 48'500);
  CHECK(took > 0);
  CHECK(took < 5000);
  reset_all(silent, 4);
}

TEST_CASE("a flood of SYNs does not take a response that is still on its way") {
  Machine& m = server();
  Network network;
  TcpPeer evicted(4010);
  TcpPeer* peers[] = {&evicted};
  evicted.connect();
  for (int i = 0; i < 20; ++i) step(m, network, peers);
  evicted.send(request_for(1'000'000));
  for (int i = 0; i < 5; ++i) step(m, network, peers);
  REQUIRE(evicted.body.size() < 1'000'000);
  struct tcp_pcb* pcb = connection_with(4010);
  REQUIRE(pcb != nullptr);
  tcp_setprio(pcb, TCP_PRIO_MIN);
  for (std::uint16_t port = 10'000; port < 13'000; ++port) {
    m.device.receive(TcpPeer(port).segment(TcpPeer::kSyn, port, 0));
    settle(m);
  }
  m.device.wire.clear();
  for (int i = 0; i < 5000 && !evicted.finished; ++i) step(m, network, peers);
  CHECK_FALSE(evicted.was_reset);
  CHECK(evicted.body.size() == 1'000'000);
}

TEST_CASE("connections that nobody ever closes do not take the room for handshakes") {
  Machine& m = server();
  Network network;
  std::vector<TcpPeer> silent;
  for (std::uint16_t port = 45'000; port < 46'280; ++port) {
    silent.push_back(ask_and_ignore(network, port, 1, 80, request_for(1))[0]);
    struct tcp_pcb* pcb = connection_with(port);
    REQUIRE(pcb != nullptr);
    tcp_setprio(pcb, TCP_PRIO_MIN);
  }
  std::vector<TcpPeer> crowd;
  for (std::uint16_t port = 4020; port < 4120; ++port) crowd.emplace_back(port);
  std::vector<TcpPeer*> peers;
  for (TcpPeer& peer : crowd) {
    peers.push_back(&peer);
    peer.connect();
  }
  network.to_machine.latency = network.to_peer.latency = milliseconds(50);
  for (int i = 0; i < 160; ++i) step(m, network, peers);
  for (TcpPeer& peer : crowd) {
    CHECK(peer.established);
    CHECK_FALSE(peer.was_reset);
    CHECK(connection_with(peer.port()) != nullptr);
    peer.reset();
  }
  for (int i = 0; i < 160; ++i) step(m, network, peers);
  reset_all(silent, 4);
}

TEST_CASE("a flood of SYNs takes no response from a client that has closed its side") {
  Machine& m = server();
  Network network;
  TcpPeer reader(4011);
  TcpPeer* peers[] = {&reader};
  static_cast<void>(ask_and_close(network, reader));
  for (std::uint16_t port = 10'000; port < 13'000; ++port) {
    m.device.receive(TcpPeer(port).segment(TcpPeer::kSyn, port, 0));
    settle(m);
  }
  m.device.wire.clear();
  for (int i = 0; i < 5000 && !reader.finished; ++i) step(m, network, peers);
  CHECK_FALSE(reader.was_reset);
  CHECK(reader.body.size() == 1'000'000);
}

TEST_CASE("a client whose SYN came thirteen times keeps its connection") {
  Machine& m = server();
  Network network;
  TcpPeer peer(4025, 70'000);
  TcpPeer* peers[] = {&peer};
  for (int i = 0; i < 13; ++i) {
    m.device.receive(peer.segment(TcpPeer::kSyn, 70'000, 0));
    settle(m);
  }
  m.device.wire.clear();
  peer.connect();
  for (int i = 0; i < 10; ++i) step(m, network, peers);
  REQUIRE(peer.established);
  peer.send(request_for(1'000'000));
  for (int i = 0; i < 5000 && peer.body.size() < 1'000'000; ++i) step(m, network, peers);
  CHECK(peer.body.size() == 1'000'000);
}

TEST_CASE("a client that closed its side waits through a silence of the network") {
  Machine& m = server();
  Network network;
  TcpPeer reader(4026);
  TcpPeer* peers[] = {&reader};
  static_cast<void>(ask_and_close(network, reader));
  for (int i = 0; i < 40; ++i) {
    advance(milliseconds(1000));
    settle(m);
    m.device.wire.clear();
  }
  for (int i = 0; i < 20'000 && !reader.finished; ++i) step(m, network, peers);
  CHECK(reader.body.size() == 1'000'000);
}

TEST_CASE("a client that closed first and was sent everything makes room before others") {
  Network network;
  TcpPeer reader(4027);
  const struct tcp_pcb* const pcb = ask_and_close(network, reader);
  CHECK(pcb->queue == TCP_GIVEN_UP);
  REQUIRE(run_until(reader, network, [&] { return pcb->snd_nxt == pcb->snd_lbb; }));
  CHECK((pcb->queue == TCP_LAST_ACKS || pcb->queue == TCP_CLOSINGS));
  reset_all({reader}, 4);
}
