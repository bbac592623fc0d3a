// A static address that another station has, too: told, defended and kept (RFC 5227, 2.4 (c)).
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "tests/unit/netstack/neighbours.hpp"
#include "tests/unit/netstack/tcp_server.hpp"

using namespace mote;
using namespace mote::world;
using netstack::ArpPacket;

namespace {

constexpr MacAddress kOther{{0x02, 6, 6, 6, 6, 6}};

Bytes from_other(std::uint16_t operation, std::uint32_t sender, std::uint32_t target) {
  Bytes frame = arp_reply(sender, kOther);
  auto& arp = *reinterpret_cast<ArpPacket*>(frame.data() + 14);
  arp.operation = operation;
  arp.target_address = target;
  return frame;
}

struct Sent {
  int probes = 0;
  int announcements = 0;
};

// What the machine sends in this time, with a look four times a second.
Sent run_for(int seconds) {
  Machine& m = machine();
  Sent sent;
  for (int i = 0; i < seconds * 4; ++i) {
    advance(milliseconds(250));
    m.interface.tend(clock::now());
    settle(m);
    m.interface.turn();
    for (; !m.device.wire.empty(); m.device.wire.pop_front()) {
      const Bytes& frame = m.device.wire.front();
      const auto& arp = *reinterpret_cast<const ArpPacket*>(frame.data() + 14);
      if (is_ipv4(frame) || arp.target_address != kMachineAddress) continue;
      sent.probes += arp.sender_address == 0;
      sent.announcements += arp.sender_address == kMachineAddress;
    }
  }
  return sent;
}

}  // namespace

TEST_CASE("a static address in use elsewhere is told of, kept and defended") {
  Machine& m = server();
  printed();
  const auto& counters = m.interface.attachment().counters();
  SUBCASE("found while it is probed for") { CHECK(run_for(1).probes >= 1); }
  SUBCASE("or later") {
    m.device.link = false;
    run_for(1);
    m.device.link = true;
    run_for(10);
    run_for(60);
    printed();
  }
  const auto before = counters.address_conflicts;
  for (int i = 0; i < 40; ++i) {
    m.device.receive(from_other(ArpPacket::kReply, kMachineAddress, kPeerAddress));
    const Sent sent = run_for(1);
    CHECK(sent.probes == 0);
    CHECK(sent.announcements == (i % 10 == 0 ? 1 : 0));
    CHECK(m.interface.attachment().host().address.value == kMachineAddress);
  }
  CHECK(counters.address_conflicts == before + 40);
  CHECK(printed() == "net0: 10.0.0.1 is in use by 02:06:06:06:06:06, too: kept\n");
  // Served all the while: the SYN has its answer.
  const auto answers = answers_to(syn_from(kPeerAddress, kPeerMac));
  CHECK(std::ranges::any_of(answers, is_ipv4));
}

TEST_CASE("connections outlive conflicts and flaps of the link") {
  Machine& m = server();
  TcpPeer peer(41'000);
  Network network;
  peer.connect();
  REQUIRE(run_until(peer, network, [&] { return peer.established; }));
  m.device.link = false;
  m.interface.tend(clock::now());
  m.device.link = true;
  m.interface.tend(clock::now());
  for (int i = 0; i < 20; ++i) {
    m.device.receive(from_other(ArpPacket::kRequest, 0, kMachineAddress));
    m.device.receive(from_other(ArpPacket::kRequest, kMachineAddress, kMachineAddress));
    run(peer, network, 500);
    m.interface.tend(clock::now());
  }
  peer.send(request_for(5'000));
  CHECK(run_until(peer, network, [&] { return peer.body.size() == 5'000; }));
  CHECK_FALSE(peer.was_reset);
}
