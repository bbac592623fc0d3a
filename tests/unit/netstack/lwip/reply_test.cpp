// Two interfaces with the same address on two networks: answers leave where the question came in.
#include <doctest/doctest.h>

#include "lwip/udp.h"
#include "netstack/stack.hpp"
#include "tests/unit/netstack/tcp_server.hpp"

using namespace mote;
using namespace mote::world;
using netstack::Ipv4Header;

namespace {

// The second interface; a route by address would find the first.
Machine& second() {
  static Machine* const the = [] {
    server();
    auto* made = new Machine{Device({.mac = kMachineMac}), {}};
    const netstack::InterfaceSettings settings{
        .address = netstack::StaticAddress{{kMachineAddress}, 24, {kPeerAddress}}};
    REQUIRE(made->interface.attach(made->device, 1, settings));
    made->device.receive(arp_reply(kPeerAddress, kPeerMac));
    settle(*made);
    return made;
  }();
  return *the;
}

// Sends `frame` to the second interface; everything sent must leave by it.
Bytes answer_to(const Bytes& frame) {
  Machine& first = server();
  Machine& other = second();
  first.device.wire.clear();
  other.device.wire.clear();
  REQUIRE(other.device.receive(frame));
  for (int i = 0; i < 3; ++i) {
    settle(other);
    settle(first);
  }
  CHECK(first.device.wire.empty());
  REQUIRE(other.device.wire.size() == 1);
  return other.device.wire.front();
}

std::uint8_t flags_of(const Bytes& frame) { return frame.at(14 + 20 + 13); }

}  // namespace

TEST_CASE("a handshake, half open and whole, and a reset stay on their interface") {
  constexpr std::uint32_t kSequence = 5000;
  const TcpPeer peer(41'000);
  const Bytes syn_ack = answer_to(peer.segment(TcpPeer::kSyn, kSequence, 0));
  CHECK(flags_of(syn_ack) == (TcpPeer::kSyn | TcpPeer::kAck));
  const auto& tcp = *reinterpret_cast<const netstack::TcpHeader*>(syn_ack.data() + 34);
  const std::uint32_t next = tcp.sequence + 1;

  // A second SYN's answer, then data: four bytes that ask for four.
  CHECK(flags_of(answer_to(peer.segment(TcpPeer::kSyn, kSequence, 0))) ==
        (TcpPeer::kSyn | TcpPeer::kAck));
  const Bytes data =
      answer_to(peer.segment(TcpPeer::kAck | TcpPeer::kPush, kSequence + 1, next, request_for(4)));
  CHECK(data.size() >= 14 + 20 + 20 + 4);

  const Bytes stray = answer_to(TcpPeer(41'001).segment(TcpPeer::kAck, 1, 1));
  CHECK((flags_of(stray) & TcpPeer::kRst) != 0);
}

TEST_CASE("one client address and port on two networks are two connections") {
  const TcpPeer peer(41'002);
  const Bytes there = answer_to(peer.segment(TcpPeer::kSyn, 100, 0));
  Machine& first = server();
  first.device.wire.clear();
  second().device.wire.clear();
  REQUIRE(first.device.receive(peer.segment(TcpPeer::kSyn, 900'000, 0)));
  settle(first);
  settle(second());
  settle(first);
  CHECK(second().device.wire.empty());
  REQUIRE(first.device.wire.size() == 1);
  const Bytes here = first.device.wire.front();
  CHECK(flags_of(here) == (TcpPeer::kSyn | TcpPeer::kAck));
  CHECK(reinterpret_cast<const netstack::TcpHeader*>(here.data() + 34)->acknowledgement == 900'001);
  CHECK(reinterpret_cast<const netstack::TcpHeader*>(there.data() + 34)->acknowledgement == 101);
}

TEST_CASE("large echoes and unreachable ports are answered where they came in") {
  const Bytes echo = answer_to(ipv4_frame(Ipv4Header::kIcmp, echo_message(56)));
  CHECK(echo.at(34) == 0);

  Bytes datagram(16);
  datagram[2] = 1;  // to a closed port
  datagram[5] = 16;
  const Bytes unreachable = answer_to(ipv4_frame(Ipv4Header::kUdp, datagram));
  CHECK(unreachable.at(34) == 3);

  const Bytes message = echo_message(2000);
  REQUIRE(
      second().device.receive(ipv4_frame(Ipv4Header::kIcmp, {message.data(), 1480}, 0x2000, 77)));
  server().device.wire.clear();
  second().device.wire.clear();
  REQUIRE(second().device.receive(
      ipv4_frame(Ipv4Header::kIcmp, {message.data() + 1480, message.size() - 1480}, 1480 / 8, 77)));
  settle(second());
  settle(server());
  settle(second());
  CHECK(server().device.wire.empty());
  CHECK(second().device.wire.size() == 2);
}
