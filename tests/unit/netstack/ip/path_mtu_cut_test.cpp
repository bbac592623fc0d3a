// Path MTU discovery with a device that cuts long segments: it must cut them shorter.
#include <doctest/doctest.h>

#include <algorithm>

#include "lwip/priv/tcp_priv.h"
#include "netstack/lwip/heap.hpp"
#include "tests/unit/netstack/narrow_link.hpp"
#include "tests/unit/netstack/tcp_server.hpp"

using namespace mote;
using namespace mote::world;

namespace {

// Before the machine is made.
const bool prepared = [] {
  machine_segmentation = Segmentation::kWholeLength;
  return true;
}();

void forget() {
  for (int i = 0; i < 11 * 60; ++i) {
    advance(milliseconds(1000));
    settle(machine());
  }
}

}  // namespace

TEST_CASE("long segments pass a narrow link at once, cut to fit it") {
  REQUIRE(prepared);
  server();
  const std::size_t blocks = netstack::heap::used();
  std::uint16_t port = 4000;
  for (const std::uint16_t mtu : {1499, 1400, 1006, 576, 296}) {
    forget();
    Network network;
    NarrowLink link(network, mtu);
    link.loses_fragments = mtu >= 576;
    TcpPeer peer(++port);
    TcpPeer* peers[] = {&peer};
    peer.connect();
    for (int i = 0; i < 20; ++i) step(server(), network, peers);
    const std::size_t cuts = machine().device.cuts;
    peer.send(request_for(4'000'000));
    for (int i = 0; i < 1500; ++i) step(server(), network, peers);
    REQUIRE(peer.body.size() == 4'000'000);
    CHECK(std::equal(peer.body.begin(), peer.body.end(), body().begin()));
    CHECK(peer.longest == std::max<std::size_t>(mtu, 576) - 40);
    CHECK(machine().device.cuts > cuts + 40);
    CHECK(link.told <= 10);
    peer.reset();
    for (int i = 0; i < 20; ++i) step(server(), network, peers);
  }
  forget();
  CHECK(netstack::heap::used() == blocks);
}

TEST_CASE("also in the middle of a transfer that loses segments") {
  std::uint16_t port = 4100;
  for (const double loss : {0.0, 0.01, 0.05}) {
    for (const std::size_t ring : {256, 2}) {
      forget();
      machine().device.ring = ring;
      Network network;
      network.to_machine.loss = network.to_peer.loss = loss;
      TcpPeer peer(++port);
      TcpPeer* peers[] = {&peer};
      peer.connect();
      for (int i = 0; i < 3000 && !peer.established; ++i) step(server(), network, peers);
      peer.send(request_for(2'000'000));
      for (int i = 0; i < 60'000 && peer.body.size() < 700'000; ++i) {
        step(server(), network, peers);
      }
      NarrowLink link(network, 1400);
      for (int i = 0; i < 120'000 && !peer.finished; ++i) step(server(), network, peers);
      REQUIRE(peer.body.size() == 2'000'000);
      CHECK(std::equal(peer.body.begin(), peer.body.end(), body().begin()));
      peer.reset();
      for (int i = 0; i < 2000; ++i) step(server(), network, peers);
    }
  }
  machine().device.ring = 256;
}
