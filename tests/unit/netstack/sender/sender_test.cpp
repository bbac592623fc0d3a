// One connection's sender on the real stack: what it sends, what it holds, and that it returns it.
#include "netstack/sender/sender.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include "lwip/priv/tcp_priv.h"
#include "tests/unit/netstack/held_stream.hpp"
#include "tests/unit/netstack/tcp_server.hpp"

using namespace mote;
using namespace mote::world;
using netstack::TcpStream;

namespace {

// A connection with a service that sends what the test says.
struct Pair {
  Network network;
  TcpPeer peer;
  HeldStream* service = nullptr;

  explicit Pair(std::uint16_t port, std::uint16_t mss = 1460) : peer(port) {
    hold_streams();
    peer.service = kHeldService;
    peer.mss = mss;
    peer.permits_sack = true;
    peer.connect();
    run(peer, network, 20);
    REQUIRE(peer.established);
    service = &last_held();
    machine().device.wire.clear();
  }
  ~Pair() {
    network.to_machine.loss = 0;
    if (connection_with(peer.port()) != nullptr) peer.reset();
    run(peer, network, 20);
    CHECK(netstack::blocks::used() == 0);
    CHECK(netstack::Flight::ranges_taken() == 0);
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  // What the machine sends now, in payload bytes, without the peer hearing of it.
  std::vector<std::size_t> sent_now() {
    settle(machine());
    std::vector<std::size_t> lengths;
    for (const Bytes& frame : machine().device.wire) {
      const auto& ip = *reinterpret_cast<const netstack::Ipv4Header*>(frame.data() + 14);
      if (ip.total_bytes > 40) lengths.push_back(ip.total_bytes - 40U);
    }
    return lengths;
  }
  [[nodiscard]] netstack::Sender& sender() const {
    return *static_cast<netstack::Sender*>(connection_with(peer.port())->sender);
  }
};

}  // namespace

// RFC 6928, 2.
TEST_CASE("a reply goes out in the initial window's segments") {
  std::uint16_t port = 6000;
  for (const std::uint16_t mss : {1460, 1000, 536}) {
    CAPTURE(mss);
    Pair pair(++port, mss);
    pair.service->send(body().data(), 40'000);
    CHECK(pair.sent_now() == std::vector<std::size_t>(10, mss));
    CHECK(pair.service->stream().in_flight() == 40'000);
    machine().device.wire.clear();
  }
}

TEST_CASE("what was written arrives, whether copied or referred to, and returns its memory") {
  Pair pair(6010);
  TcpStream& stream = pair.service->stream();
  const std::string text = "some text that is copied";
  const std::array<Piece, 3> message{piece_of(text), piece_at(body().data(), 700),
                                     piece_at(body().data() + 5000, 9)};
  Bytes expected;
  for (int i = 0; i < 20; ++i) {
    REQUIRE(stream.write_message(message, text.size() + 709));
    REQUIRE(stream.write(piece_of(text), TcpStream::Write::kCopied));
    REQUIRE(stream.write(piece_at(body().data() + i, 2000), TcpStream::Write::kReferenced));
    for (const Piece& piece : message) {
      expected.insert(expected.end(), piece.text().begin(), piece.text().end());
    }
    expected.insert(expected.end(), text.begin(), text.end());
    expected.insert(expected.end(), body().begin() + i, body().begin() + i + 2000);
  }
  stream.flush();
  run(pair.peer, pair.network, 2000);
  CHECK(pair.peer.body == expected);
  CHECK(stream.in_flight() == 0);
  CHECK(netstack::blocks::used() == 0);
}

TEST_CASE("each connection has a sender until lwIP forgets it") {
  const std::size_t before = netstack::Sender::count();
  {
    Pair pair(6020);
    CHECK(netstack::Sender::count() == before + 1);
    pair.service->send(body().data(), 5000);
    run(pair.peer, pair.network, 200);
    pair.service->release();
    run(pair.peer, pair.network, 200);
    CHECK(pair.peer.finished);
    pair.peer.close();
    run(pair.peer, pair.network, 200);
  }
  Network silence;
  TcpPeer nobody(1);
  run(nobody, silence, 130'000);  // TIME-WAIT
  CHECK(netstack::Sender::count() == before);
}

TEST_CASE("a segment that is lost is sent again, and counted") {
  Pair pair(6030);
  const std::uint64_t resent = netstack::Sender::resent();
  pair.network.to_peer.loss = 1;
  pair.service->send(body().data(), 500);
  run(pair.peer, pair.network, 5);
  pair.network.to_peer.loss = 0;
  CHECK(pair.peer.body.empty());
  run(pair.peer, pair.network, 2000);
  CHECK(pair.peer.body == Bytes(body().begin(), body().begin() + 500));
  CHECK(netstack::Sender::resent() > resent);
}

TEST_CASE("a device without room makes senders wait, and all go on when there is some") {
  Pair one(6040);
  Pair other(6041);
  machine().device.ring = 0;
  one.service->send(body().data(), 1460);
  other.service->send(body().data(), 1460);
  CHECK(one.sent_now().empty());
  CHECK_FALSE(machine().interface.attachment().waiting().empty());
  machine().device.ring = 256;
  settle(machine());
  CHECK(machine().interface.attachment().waiting().empty());
  REQUIRE(machine().device.wire.size() == 2);
  std::set<unsigned> ports;
  for (const Bytes& frame : machine().device.wire) {
    const auto& tcp = *reinterpret_cast<const netstack::TcpHeader*>(frame.data() + 34);
    ports.insert(std::uint16_t{tcp.destination_port});
  }
  CHECK(ports == std::set<unsigned>{6040, 6041});
  machine().device.wire.clear();
  one.service->abort();
  other.service->abort();
}

TEST_CASE("a connection that ends while it waits for the device waits no more") {
  Pair pair(6050);
  machine().device.ring = 0;
  pair.service->send(body().data(), 1460);
  settle(machine());
  CHECK_FALSE(machine().interface.attachment().waiting().empty());
  pair.service->abort();
  CHECK(machine().interface.attachment().waiting().empty());
  machine().device.ring = 256;
  settle(machine());
  machine().device.wire.clear();
}

TEST_CASE("a peer that never answers is given up") {
  Pair pair(6060);
  pair.network.to_peer.loss = 1;
  pair.service->send(body().data(), 500);
  for (int minute = 0; minute < 30 && pair.service->is_open(); ++minute) {
    run(pair.peer, pair.network, 60'000);
  }
  CHECK_FALSE(pair.service->is_open());
  CHECK(connection_with(6060) == nullptr);
}
