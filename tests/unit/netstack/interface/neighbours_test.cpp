// Which neighbours keep a place in the ARP table when crowds of others, who don't exist, want one.
#include "tests/unit/netstack/neighbours.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <deque>

#include "lwip/etharp.h"
#include "lwip/memp.h"
#include "lwip/stats.h"
#include "lwip/udp.h"
#include "tests/unit/netstack/tcp_server.hpp"

using namespace mote;
using namespace mote::world;
using netstack::Ipv4Header;
using netstack::TcpHeader;

namespace {

constexpr std::uint32_t kFar = 0xCB007105;        // beyond the gateway, which is the peer
constexpr std::uint32_t kFriend = 0x0A000040;     // a neighbour that exists
constexpr std::uint32_t kStrangers = 0x0A000100;  // the network is 10.0.0.0/16 here
constexpr int kFlood = 4000;

// The machine with a larger network, knowing its gateway and the friend.
Machine& machine_in_a_crowd() {
  Machine& m = server();
  const ip4_addr_t mask = {lwip_htonl(0xFFFF0000)};
  netif_set_netmask(&m.interface.attachment().netif(), &mask);
  answers_to(arp_reply(kPeerAddress, kPeerMac));
  answers_to(arp_reply(kFriend, mac_of(kFriend)));
  return m;
}

// The frames sent when lwIP itself sends a datagram to `destination`.
std::deque<Bytes> send_to(std::uint32_t destination) {
  Machine& m = machine();
  settle(m);
  m.device.wire.clear();
  struct udp_pcb* const pcb = udp_new();
  const ip_addr_t address = IPADDR4_INIT(lwip_htonl(destination));
  struct pbuf* const datagram = pbuf_alloc(PBUF_TRANSPORT, 40, PBUF_RAM);
  udp_sendto_if(pcb, datagram, &address, 9, &m.interface.attachment().netif());
  pbuf_free(datagram);
  udp_remove(pcb);
  settle(m);
  m.interface.turn();
  return std::exchange(m.device.wire, {});
}

bool reaches(std::uint32_t destination, MacAddress station) {
  const std::deque<Bytes> frames = send_to(destination);
  return frames.size() == 1 && is_ipv4(frames[0]) && ethernet_of(frames[0]).destination == station;
}

bool is_known(std::uint32_t address) {
  const ip4_addr_t wanted{lwip_htonl(address)};
  struct eth_addr* mac = nullptr;
  const ip4_addr_t* found = nullptr;
  return etharp_find_addr(&machine().interface.attachment().netif(), &wanted, &mac, &found) >= 0;
}

// 2,000 frames a second, each from another stranger, while the gateway and the friend are in use.
void flood(auto&& frame_of) {
  for (int i = 0; i < kFlood; ++i) {
    const std::uint32_t stranger = kStrangers + static_cast<std::uint32_t>(i);
    answers_to(frame_of(stranger, mac_of(stranger)));
    advance(microseconds(500));
    if (i % 100 == 99) {
      machine().interface.tend(clock::now());
      REQUIRE(reaches(kFar, kPeerMac));
      REQUIRE(reaches(kFriend, mac_of(kFriend)));
    }
  }
}

const struct stats_mem& queue_pool() { return *lwip_stats.memp[MEMP_ARP_QUEUE]; }

}  // namespace

TEST_CASE("an unknown neighbour is answered at the station its frame came from") {
  machine_in_a_crowd();
  constexpr std::uint32_t kStranger = kStrangers + 0x8000;
  const std::deque<Bytes> frames = answers_to(syn_from(kStranger, mac_of(kStranger)));
  const auto answer = std::ranges::find_if(frames, is_ipv4);
  REQUIRE(answer != frames.end());
  CHECK(ethernet_of(*answer).destination == mac_of(kStranger));
  CHECK(ethernet_of(*answer).source == kMachineMac);
  CHECK(ipv4_of(*answer).destination == kStranger);
  CHECK(plain_checksum({answer->data() + 14, 20}) == 0);
  REQUIRE(frames.size() == 2);  // and an ARP request for it
  CHECK_FALSE(is_ipv4(frames[0]));
  CHECK_FALSE(is_known(kStranger));
  answers_to(arp_reply(kStranger, mac_of(kStranger)));
  CHECK(is_known(kStranger));
}

// A stranger's claim doesn't override a station that ARP knows.
TEST_CASE("a known neighbour is answered at its own station") {
  machine_in_a_crowd();
  const std::deque<Bytes> frames = answers_to(syn_from(kFriend, mac_of(77)));
  REQUIRE(frames.size() == 1);
  CHECK(ethernet_of(frames[0]).destination == mac_of(kFriend));
}

TEST_CASE("a client beyond the gateway is answered by way of the gateway") {
  machine_in_a_crowd();
  const std::deque<Bytes> frames = answers_to(syn_from(kFar, mac_of(78)));  // by another router
  REQUIRE(frames.size() == 1);
  CHECK(ethernet_of(frames[0]).destination == kPeerMac);
}

TEST_CASE("SYNs from absent neighbours displace neither the gateway nor a neighbour in use") {
  machine_in_a_crowd();
  const auto failures = queue_pool().err;
  flood([](std::uint32_t source, MacAddress mac) { return syn_from(source, mac); });
  CHECK(queue_pool().err == failures);
  for (int i = 0; i < 10'000; ++i) {  // while SYN-ACKs are retransmitted to nobody
    advance(milliseconds(1));
    settle(machine());
    if (i % 100 == 0) {
      REQUIRE(reaches(kFar, kPeerMac));
      REQUIRE(reaches(kFriend, mac_of(kFriend)));
    }
  }
  CHECK(queue_pool().err == failures);
}

TEST_CASE("neither do datagrams to a closed port") {
  machine_in_a_crowd();
  const auto failures = queue_pool().err;
  flood([](std::uint32_t source, MacAddress mac) { return udp_from(source, mac); });
  CHECK(queue_pool().err == failures);
}

TEST_CASE("neither do ARP requests, which are answered all the same") {
  machine_in_a_crowd();
  int replies = 0;
  flood([&](std::uint32_t source, MacAddress mac) {
    const std::deque<Bytes> frames = answers_to(arp_request_from(source, mac));
    replies += frames.size() == 1 && ethernet_of(frames[0]).destination == mac;
    return arp_request_from(source, mac);
  });
  CHECK(replies == kFlood);
}

TEST_CASE("neither do our own datagrams to absent neighbours") {
  machine_in_a_crowd();
  const auto failures = queue_pool().err;
  for (std::uint32_t i = 0; i < 500; ++i) {
    send_to(kStrangers + 0x4000 + i);
    send_to(kStrangers + 0x4000 + i);
    advance(milliseconds(1));
    REQUIRE(reaches(kFar, kPeerMac));
    REQUIRE(reaches(kFriend, mac_of(kFriend)));
  }
  CHECK(queue_pool().err == failures);
  // One that exists is found meanwhile, and gets the datagram that waited for it.
  constexpr std::uint32_t kLate = kStrangers + 0x5000;
  send_to(kLate);
  for (std::uint32_t i = 0; i < 10; ++i) send_to(kStrangers + 0x6000 + i);
  const std::deque<Bytes> frames = answers_to(arp_reply(kLate, mac_of(kLate)));
  REQUIRE(frames.size() == 1);
  CHECK(ethernet_of(frames[0]).destination == mac_of(kLate));
}

TEST_CASE("the gateway is asked for and heard despite everybody else") {
  Machine& m = machine_in_a_crowd();
  etharp_cleanup_netif(&m.interface.attachment().netif());
  m.interface.tend(clock::now());
  answers_to(arp_request_from(kStrangers, mac_of(kStrangers)));  // also drops cached stations
  const std::deque<Bytes> asked = send_to(kFar);
  REQUIRE(asked.size() == 1);
  CHECK_FALSE(is_ipv4(asked[0]));
  for (std::uint32_t i = 0; i < 200; ++i) send_to(kStrangers + 0x7000 + i);
  const std::deque<Bytes> frames = answers_to(arp_reply(kPeerAddress, kPeerMac));
  REQUIRE(frames.size() == 1);  // the datagram that waited for it
  CHECK(ipv4_of(frames[0]).destination == kFar);
  CHECK(is_known(kPeerAddress));
}

TEST_CASE("strangers that only asked give way to later ones, a neighbour in use doesn't") {
  machine_in_a_crowd();
  for (std::uint32_t i = 0; i < 300; ++i) {
    answers_to(arp_request_from(kStrangers + i, mac_of(kStrangers + i)));
    if (i % 50 == 0) {
      REQUIRE(reaches(kFriend, mac_of(kFriend)));
    }
  }
  CHECK_FALSE(is_known(kStrangers));
  CHECK(is_known(kStrangers + 299));
  CHECK(is_known(kFriend));
  CHECK(is_known(kPeerAddress));
}

TEST_CASE("when all are in use, a stranger isn't stored, but is answered") {
  machine_in_a_crowd();
  for (std::uint32_t i = 0; i < 200; ++i) {
    const std::uint32_t station = kStrangers + i;
    answers_to(arp_request_from(station, mac_of(station)));
    answers_to(syn_from(station, mac_of(station)));
  }
  constexpr std::uint32_t kLate = kStrangers + 0x300;
  CHECK(answers_to(arp_request_from(kLate, mac_of(kLate))).size() == 1);
  CHECK_FALSE(is_known(kLate));
  const std::deque<Bytes> frames = answers_to(syn_from(kLate, mac_of(kLate)));
  CHECK(std::ranges::any_of(frames, [](const Bytes& frame) {
    return is_ipv4(frame) && ethernet_of(frame).destination == mac_of(kLate);
  }));
  // Its answer to our ARP request is accepted; the neighbour used last stays.
  REQUIRE(reaches(kFriend, mac_of(kFriend)));
  answers_to(arp_reply(kLate, mac_of(kLate)));
  CHECK(is_known(kPeerAddress));
  CHECK(is_known(kFriend));
}

TEST_CASE("a flood of strangers causes few ARP requests") {
  machine_in_a_crowd();
  advance(milliseconds(60'000));
  settle(machine());
  std::size_t questions = 0;
  for (std::uint32_t i = 0; i < 1000; ++i) {  // in 100 ms
    const std::uint32_t stranger = kStrangers + 0x9000 + i;
    for (const Bytes& frame : answers_to(syn_from(stranger, mac_of(stranger)))) {
      questions += !is_ipv4(frame);
    }
    advance(microseconds(100));
  }
  CHECK(questions >= 1);
  CHECK(questions <= 3);
}
