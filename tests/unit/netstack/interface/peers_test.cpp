// The cache of stations that frames are sent to without lwIP: never other than lwIP would choose.
#include "netstack/interface/peers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>

#include "lwip/udp.h"
#include "netstack/limits.hpp"
#include "netstack/stack.hpp"
#include "tests/unit/netstack/world.hpp"

using namespace mote;
using namespace mote::world;
using netstack::EthernetHeader;
using netstack::Ipv4Header;

namespace {

constexpr MacAddress kOther{{0x52, 0x54, 0, 0, 0, 0x77}};
constexpr MacAddress kBroadcast{{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}};
constexpr std::uint32_t kFar = 0xCB007105;  // reached by the gateway, which is the peer

const EthernetHeader& ethernet(const Bytes& frame) {
  return *reinterpret_cast<const EthernetHeader*>(frame.data());
}

// The frames sent when lwIP sends a datagram to `destination` this many times.
std::deque<Bytes> send_to(std::uint32_t destination, int times = 1) {
  Machine& m = machine();
  settle(m);
  m.device.wire.clear();
  struct udp_pcb* const pcb = udp_new();
  ip_set_option(pcb, SOF_BROADCAST);
  const ip_addr_t address = IPADDR4_INIT(lwip_htonl(destination));
  for (int i = 0; i < times; ++i) {
    struct pbuf* const datagram = pbuf_alloc(PBUF_TRANSPORT, 40, PBUF_RAM);
    std::memset(datagram->payload, i, 40);
    udp_sendto_if(pcb, datagram, &address, 9, &m.interface.attachment().netif());
    pbuf_free(datagram);
  }
  udp_remove(pcb);
  settle(m);
  m.interface.turn();
  return m.device.wire;
}

// The station that every one of several datagrams for `destination` goes to.
MacAddress station_for(std::uint32_t destination) {
  const std::deque<Bytes> frames = send_to(destination, 3);
  REQUIRE(frames.size() == 3);
  for (const Bytes& frame : frames) {
    CHECK(ethernet(frame).type == EthernetHeader::kIpv4);
    CHECK(ethernet(frame).source == kMachineMac);
    CHECK(ethernet(frame).destination == ethernet(frames[0]).destination);
    CHECK(plain_checksum({frame.data() + 14, 20}) == 0);
  }
  return ethernet(frames[0]).destination;
}

void hear(const Bytes& frame) {
  REQUIRE(machine().device.receive(frame));
  settle(machine());
}

// Another station claims the peer's address, and the one before is silent.
void move_peer_to(const MacAddress& station) {
  for (unsigned i = 0; i <= limits::kArpPolls; ++i) {
    hear(arp_reply(kPeerAddress, station));
    advance(milliseconds(limits::kArpPollMs));
    machine().interface.tend(clock::now());
  }
  hear(arp_reply(kPeerAddress, station));
}

}  // namespace

TEST_CASE("an unknown address has no station, and one station displaces another") {
  netstack::Peers peers;
  CHECK(peers.find(0) == nullptr);
  CHECK(peers.find(0x0200000A) == nullptr);
  peers.learn(0x0200000A, {kPeerMac, kMachineMac, EthernetHeader::kIpv4});
  REQUIRE(peers.find(0x0200000A) != nullptr);
  CHECK(peers.find(0x0200000A)->destination == kPeerMac);
  CHECK(peers.find(0x0200010A) == nullptr);  // maps to the same place
  peers.learn(0x0200010A, {kOther, kMachineMac, EthernetHeader::kIpv4});
  CHECK(peers.find(0x0200000A) == nullptr);
  CHECK(peers.find(0x0200010A)->destination == kOther);
  peers.forget();
  CHECK(peers.find(0x0200010A) == nullptr);
  CHECK(peers.find(0) == nullptr);
}

TEST_CASE("datagrams go to neighbours directly, others to the gateway") {
  CHECK(station_for(kPeerAddress) == kPeerMac);
  CHECK(station_for(kFar) == kPeerMac);
  CHECK(station_for(kFar + 1) == kPeerMac);
  CHECK(station_for(kPeerAddress) == kPeerMac);
}

TEST_CASE("multicast, broadcast and link-local datagrams never go to the gateway") {
  CHECK(station_for(kFar) == kPeerMac);
  CHECK(station_for(0xFFFFFFFF) == kBroadcast);
  CHECK(station_for(kMachineAddress | 0xFF) == kBroadcast);
  CHECK(station_for(0xE0000001) == MacAddress{{0x01, 0x00, 0x5E, 0, 0, 1}});
  const std::deque<Bytes> asked = send_to(0xA9FE0102);  // link-local: an ARP request
  REQUIRE(!asked.empty());
  for (const Bytes& frame : asked) CHECK(ethernet(frame).type == EthernetHeader::kArp);
}

TEST_CASE("a neighbour's new hardware address is used at once when it is believed") {
  CHECK(station_for(kPeerAddress) == kPeerMac);
  move_peer_to(kOther);
  CHECK(station_for(kPeerAddress) == kOther);
  CHECK(station_for(kFar) == kOther);
  move_peer_to(kPeerMac);
  CHECK(station_for(kFar) == kPeerMac);
  CHECK(station_for(kPeerAddress) == kPeerMac);
}

TEST_CASE("neighbours that map to the same place are kept apart") {
  constexpr std::uint32_t kNeighbour = kPeerAddress + 64;
  hear(arp_reply(kNeighbour, kOther));
  for (int i = 0; i < 3; ++i) {
    CHECK(station_for(kNeighbour) == kOther);
    CHECK(station_for(kPeerAddress) == kPeerMac);
  }
}

TEST_CASE("a change of gateway or network takes effect at once") {
  struct netif& netif = machine().interface.attachment().netif();
  hear(arp_reply(kPeerAddress + 5, kOther));
  CHECK(station_for(kFar) == kPeerMac);
  const ip4_addr_t before = *netif_ip4_gw(&netif);
  const ip4_addr_t gateway = {lwip_htonl(kPeerAddress + 5)};
  netif_set_gw(&netif, &gateway);
  CHECK(station_for(kFar) == kOther);
  netif_set_gw(&netif, &before);
  CHECK(station_for(kFar) == kPeerMac);

  CHECK(station_for(kPeerAddress + 5) == kOther);
  const ip4_addr_t own_mask = *netif_ip4_netmask(&netif);
  const ip4_addr_t narrow = {lwip_htonl(0xFFFFFFFC)};  // the neighbour is outside it
  netif_set_netmask(&netif, &narrow);
  CHECK(station_for(kPeerAddress + 5) == kPeerMac);
  netif_set_netmask(&netif, &own_mask);
}

TEST_CASE("a neighbour that lwIP has forgotten is asked for again") {
  Machine& m = machine();
  CHECK(station_for(kPeerAddress) == kPeerMac);
  for (int second = 0; second < 310; ++second) {  // ARP_MAXAGE
    advance(milliseconds(1000));
    settle(m);
    m.interface.tend(clock::now());
  }
  const std::deque<Bytes> asked = send_to(kPeerAddress);
  REQUIRE(asked.size() == 1);
  CHECK(ethernet(asked[0]).type == EthernetHeader::kArp);
  hear(arp_reply(kPeerAddress, kPeerMac));
  CHECK(station_for(kPeerAddress) == kPeerMac);
}

TEST_CASE("a neighbour in use is asked for before it is forgotten") {
  Machine& m = machine();
  bool asked = false;
  for (int second = 0; second < 310 && !asked; ++second) {
    advance(milliseconds(1000));
    settle(m);
    m.interface.tend(clock::now());
    const std::deque<Bytes> frames = send_to(kPeerAddress, 2);
    REQUIRE(!frames.empty());
    asked = std::ranges::any_of(
        frames, [](const Bytes& frame) { return ethernet(frame).type == EthernetHeader::kArp; });
    const auto to_peer = std::ranges::count_if(frames, [](const Bytes& frame) {
      return ethernet(frame).type == EthernetHeader::kIpv4 &&
             ethernet(frame).destination == kPeerMac;
    });
    CHECK(to_peer == 2);
  }
  CHECK(asked);
}
