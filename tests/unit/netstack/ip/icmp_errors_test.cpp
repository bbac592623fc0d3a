// ICMP errors: which datagrams may cause one (RFC 1122, 3.2.2 and 3.3.6), and how often.
#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "lwip/ip.h"
#include "netstack/ip/token_bucket.hpp"
#include "netstack/limits.hpp"
#include "netstack/stats.hpp"
#include "tests/unit/netstack/neighbours.hpp"
#include "tests/unit/netstack/tcp_server.hpp"

using namespace mote;
using namespace mote::world;
using netstack::Fate;
using netstack::Ipv4Header;

namespace {

// Restores the full burst of errors.
void rest() {
  advance(milliseconds(2000));
  settle(machine());
}

// The frame, sent to every station on the link, with a datagram for us alone.
Bytes to_everybody(Bytes frame) {
  reinterpret_cast<netstack::EthernetHeader*>(frame.data())->destination.octets.fill(0xFF);
  return frame;
}

std::size_t errors_about(const Bytes& frame) {
  std::size_t count = 0;
  for (const Bytes& answer : answers_to(frame)) {
    count += is_ipv4(answer) && ipv4_of(answer).protocol == Ipv4Header::kIcmp &&
             (answer[34] == 3 || answer[34] == 11);
  }
  return count;
}

}  // namespace

TEST_CASE("a token bucket allows a burst, then as many as are refilled") {
  netstack::TokenBucket bucket(3, 10);
  const auto taken = [&](Nanoseconds now) {
    int count = 0;
    while (bucket.take(now)) ++count;
    return count;
  };
  CHECK(taken(milliseconds(1000)) == 3);
  CHECK(taken(milliseconds(1000)) == 0);
  CHECK(taken(milliseconds(1099)) == 0);
  CHECK(taken(milliseconds(1100)) == 1);
  CHECK(taken(milliseconds(1250)) == 1);
  CHECK(taken(milliseconds(1300)) == 1);
  CHECK(taken(milliseconds(100'000)) == 3);
}

TEST_CASE("closed ports and unknown protocols are reported unreachable, but not too often") {
  rest();
  const netstack::IcmpErrors before = netstack::icmp_errors();
  const Bytes udp = udp_from(kPeerAddress, kPeerMac);
  const Bytes odd = datagram_from(kPeerAddress, kPeerMac, 200, Bytes(20));
  std::size_t sent = 0;
  for (int i = 0; i < 1000; ++i) sent += errors_about(i % 2 == 0 ? udp : odd);
  CHECK(sent == limits::kIcmpErrorBurst);
  for (int i = 0; i < 2000; ++i) {  // two seconds
    advance(milliseconds(1));
    sent += errors_about(udp);
  }
  CHECK(sent >= limits::kIcmpErrorBurst + 2 * limits::kIcmpErrorsASecond - 1);
  CHECK(sent <= limits::kIcmpErrorBurst + 2 * limits::kIcmpErrorsASecond + 1);
  const netstack::IcmpErrors after = netstack::icmp_errors();
  CHECK(after.sent - before.sent == sent);
  CHECK(after.withheld - before.withheld == 3000 - sent);
  CHECK(after.forbidden == before.forbidden);
}

TEST_CASE("a broadcast frame with a datagram for one host is dropped, whatever it contains") {
  rest();
  Machine& m = server();
  const std::vector<Bytes> frames = {
      udp_from(kPeerAddress, kPeerMac), datagram_from(kPeerAddress, kPeerMac, 200, Bytes(20)),
      syn_from(kPeerAddress, kPeerMac, 40'001), ipv4_frame(Ipv4Header::kIcmp, echo_message(56))};
  for (const Bytes& frame : frames) {
    CHECK(answers_to(frame).size() == 1);
    const std::uint64_t dropped = m.interface.attachment().counters()[Fate::kUnicastToGroup];
    CHECK(answers_to(to_everybody(frame)).empty());
    CHECK(m.interface.attachment().counters()[Fate::kUnicastToGroup] == dropped + 1);
    Bytes multicast = frame;
    multicast[0] = 0x01;
    CHECK(answers_to(multicast).empty());
  }
  Bytes fragment = ipv4_frame(Ipv4Header::kIcmp, echo_message(56), Ipv4Header::kMoreFragments);
  CHECK(answers_to(to_everybody(fragment)).empty());
  CHECK(m.interface.attachment().counters()[Fate::kUpFragment] == 0);
}

TEST_CASE("no error is sent about a datagram to a broadcast address, or about an error") {
  rest();
  const auto timeout_of = [](const Bytes& fragment) {  // errors once it has waited in vain
    std::size_t count = errors_about(fragment);
    for (int second = 0; second < 20; ++second) {
      advance(milliseconds(1000));
      settle(machine());
    }
    machine().interface.turn();
    for (const Bytes& answer : machine().device.wire) {
      count += is_ipv4(answer) && answer[34] == 11;
    }
    machine().device.wire.clear();
    return count;
  };
  const auto first_part = [](std::uint8_t protocol, std::uint8_t type) {
    Bytes part(64);
    part[0] = type;
    return datagram_from(kPeerAddress, kPeerMac, protocol, part, Ipv4Header::kMoreFragments);
  };
  const std::uint64_t forbidden = netstack::icmp_errors().forbidden;
  CHECK(timeout_of(first_part(Ipv4Header::kUdp, 0)) == 1);
  CHECK(timeout_of(first_part(Ipv4Header::kIcmp, 8)) == 1);
  CHECK(netstack::icmp_errors().forbidden == forbidden);
  for (const std::uint8_t type : {3, 4, 5, 11, 12, 99}) {
    CHECK(timeout_of(first_part(Ipv4Header::kIcmp, type)) == 0);
  }
  for (const std::uint32_t group : {0xFFFFFFFFU, kMachineAddress | 0xFF}) {
    for (Bytes frame : {first_part(Ipv4Header::kUdp, 0), udp_from(kPeerAddress, kPeerMac)}) {
      auto& ip = *reinterpret_cast<Ipv4Header*>(frame.data() + 14);
      ip.destination = group;
      ip.checksum = 0;
      ip.checksum = plain_checksum({frame.data() + 14, 20});
      CHECK(timeout_of(to_everybody(frame)) == 0);
    }
  }
}
