// Device, interface and the real lwIP together: buffers come back, large echoes, the backlog.
#include "netstack/stack.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <vector>

#include "lwip/etharp.h"
#include "lwip/udp.h"
#include "netstack/limits.hpp"
#include "netstack/lwip/heap.hpp"
#include "netstack/stats.hpp"
#include "tests/unit/netstack/world.hpp"

using namespace mote;
using namespace mote::world;
using netstack::Fate;
using netstack::Ipv4Header;

namespace {

std::uint16_t word(const Bytes& frame, std::size_t at) {
  return static_cast<std::uint16_t>(frame.at(at) << 8 | frame.at(at + 1));
}

// The datagram from the fragments in `frames`, without its header.
Bytes reassemble(const std::deque<Bytes>& frames) {
  Bytes whole;
  for (const Bytes& frame : frames) {
    const std::size_t at = (word(frame, 20) & 0x1FFFU) * 8;
    const std::size_t bytes = word(frame, 16) - 20U;
    whole.resize(std::max(whole.size(), at + bytes));
    std::copy_n(frame.begin() + 34, bytes, whole.begin() + static_cast<long>(at));
  }
  return whole;
}

void send_in_fragments(Device& device, const Bytes& message, std::uint16_t identification) {
  constexpr std::size_t kPiece = 1480;
  for (std::size_t at = 0; at < message.size(); at += kPiece) {
    const std::size_t bytes = std::min(kPiece, message.size() - at);
    const bool more = at + bytes < message.size();
    const auto field = static_cast<std::uint16_t>(at / 8 | (more ? 0x2000 : 0));
    REQUIRE(device.receive(
        ipv4_frame(Ipv4Header::kIcmp, {message.data() + at, bytes}, field, identification)));
  }
}

}  // namespace

TEST_CASE("echo requests are answered without lwIP, and every packet comes back") {
  Machine& m = machine();
  m.device.wire.clear();
  const std::size_t before = Packet::free_count();
  for (int i = 0; i < 200; ++i) {
    REQUIRE(m.device.receive(ipv4_frame(Ipv4Header::kIcmp, echo_message(56))));
  }
  settle(m);
  m.interface.turn();
  CHECK(m.device.wire.size() == 200);
  CHECK(Packet::free_count() == before);
}

TEST_CASE("fragmented echo requests are answered completely") {
  Machine& m = machine();
  std::uint16_t identification = 100;
  const std::size_t before = Packet::free_count();
  const std::size_t blocks = netstack::heap::used();
  for (const std::size_t bytes : {1473UZ, 8000UZ, 20'000UZ, 65'507UZ}) {
    m.device.wire.clear();
    const Bytes request = echo_message(bytes);
    send_in_fragments(m.device, request, ++identification);
    settle(m);
    m.interface.turn();
    const Bytes reply = reassemble(m.device.wire);
    REQUIRE(reply.size() == request.size());
    CHECK(reply[0] == 0);
    CHECK(plain_checksum(reply) == 0);
    CHECK(std::equal(reply.begin() + 4, reply.end(), request.begin() + 4));
  }
  CHECK(Packet::free_count() == before);
  CHECK(netstack::heap::used() == blocks);
}

TEST_CASE("fragments that never complete are forgotten after a while") {
  Machine& m = machine();
  const std::size_t before = Packet::free_count();
  for (std::uint16_t i = 0; i < 500; ++i) {
    m.device.receive(ipv4_frame(Ipv4Header::kIcmp, echo_message(1472), 0x2000, i));
    settle(m);
  }
  CHECK(Packet::free_count() == before);
  m.device.wire.clear();
  for (int i = 0; i < 20; ++i) {
    advance(milliseconds(1000));
    settle(m);
  }
  send_in_fragments(m.device, echo_message(65'507), 9999);
  settle(m);
  m.interface.turn();
  CHECK(reassemble(m.device.wire).size() == 65'515);
}

TEST_CASE("frames wait in order when the ring is full, and are refused when too many wait") {
  Machine& m = machine();
  settle(m);
  m.device.wire.clear();
  const std::size_t blocks = netstack::heap::used();
  const netstack::InterfaceCounters before = m.interface.attachment().counters();
  struct udp_pcb* pcb = udp_new();
  ip_addr_t peer;
  IP_ADDR4(&peer, 10, 0, 0, 2);
  m.device.stuck = true;
  m.device.ring = 8;
  std::uint16_t sent = 0;
  for (; sent < 1000; ++sent) {
    struct pbuf* datagram = pbuf_alloc(PBUF_TRANSPORT, 2, PBUF_RAM);
    REQUIRE(datagram != nullptr);
    auto* bytes = static_cast<std::uint8_t*>(datagram->payload);
    bytes[0] = static_cast<std::uint8_t>(sent >> 8);
    bytes[1] = static_cast<std::uint8_t>(sent);
    const err_t error = udp_sendto(pcb, datagram, &peer, 9);
    pbuf_free(datagram);
    if (error != ERR_OK) break;
  }
  CHECK(sent == 8 + limits::kTxBacklog);
  CHECK(m.interface.attachment().counters().tx_waited == before.tx_waited + limits::kTxBacklog);
  CHECK(m.interface.attachment().counters().tx_refused == before.tx_refused + 1);
  m.device.stuck = false;
  for (int i = 0; i < 200; ++i) m.interface.turn();
  m.device.ring = 256;
  REQUIRE(m.device.wire.size() == sent);
  for (std::uint16_t i = 0; i < sent; ++i) {
    CHECK(word(m.device.wire[i], 42) == i);
    CHECK(m.device.wire[i].size() == 60);
  }
  udp_remove(pcb);
  CHECK(netstack::heap::used() == blocks);
}

TEST_CASE("a frame in too many pieces is copied, with its checksum right") {
  Machine& m = machine();
  settle(m);
  m.device.wire.clear();
  struct udp_pcb* pcb = udp_new();
  ip_addr_t peer;
  IP_ADDR4(&peer, 10, 0, 0, 2);
  struct pbuf* datagram = pbuf_alloc(PBUF_TRANSPORT, 1, PBUF_RAM);
  static const std::uint8_t letters[] = "abcdefghijklmnopqrstuvwxyz";
  for (int i = 0; i < 20; ++i) {
    struct pbuf* piece = pbuf_alloc(PBUF_RAW, 5, PBUF_ROM);
    piece->payload = const_cast<std::uint8_t*>(letters + i);
    pbuf_cat(datagram, piece);
  }
  *static_cast<std::uint8_t*>(datagram->payload) = '!';
  const std::uint64_t copied = m.interface.attachment().counters().tx_copied;
  CHECK(udp_sendto(pcb, datagram, &peer, 9) == ERR_OK);
  pbuf_free(datagram);
  m.interface.turn();
  m.interface.turn();
  CHECK(m.interface.attachment().counters().tx_copied == copied + 1);
  REQUIRE(m.device.wire.size() == 1);
  const Bytes& frame = m.device.wire[0];
  CHECK(word(frame, 38) == 8 + 101);
  CHECK(plain_checksum({frame.data() + 34, 109},
                       pseudo_sum(kMachineAddress, kPeerAddress, Ipv4Header::kUdp, 109)) == 0);
  udp_remove(pcb);
}

TEST_CASE("identifications of datagrams aren't sequential") {
  Machine& m = machine();
  settle(m);
  m.device.wire.clear();
  struct udp_pcb* pcb = udp_new();
  ip_addr_t peer;
  IP_ADDR4(&peer, 10, 0, 0, 2);
  for (int i = 0; i < 100; ++i) {
    struct pbuf* datagram = pbuf_alloc(PBUF_TRANSPORT, 30, PBUF_RAM);
    udp_sendto(pcb, datagram, &peer, 9);
    pbuf_free(datagram);
  }
  m.interface.turn();
  m.interface.turn();
  std::set<std::uint16_t> seen;
  int consecutive = 0;
  for (std::size_t i = 0; i < m.device.wire.size(); ++i) {
    seen.insert(word(m.device.wire[i], 18));
    if (i > 0 && word(m.device.wire[i], 18) == word(m.device.wire[i - 1], 18) + 1) ++consecutive;
  }
  CHECK(seen.size() > 90);
  CHECK(consecutive < 3);
  udp_remove(pcb);
}

TEST_CASE("an answer leaves by the interface whose address the question was sent to") {
  Machine& first = machine();
  static Machine second{Device({.mac = {{2, 0, 0, 0, 0, 2}}}), {}};
  constexpr std::uint32_t kOwn = 0xC0A80901;
  constexpr std::uint32_t kGateway = 0xC0A809FE;
  REQUIRE(second.interface.attach(second.device, 1,
                                  {.address = netstack::StaticAddress{{kOwn}, 24, {kGateway}}}));
  CHECK(printed().find("net1: 192.168.9.1/24 via 192.168.9.254 (static)\n") != std::string::npos);
  settle(first);
  settle(second);
  first.device.wire.clear();
  second.device.wire.clear();

  // A SYN from far away to a closed port: the RST goes to the second interface's gateway.
  Bytes tcp(20);
  auto& header = *reinterpret_cast<netstack::TcpHeader*>(tcp.data());
  header = {1234, 99, 5, 0, 0x5002, 1000, 0, 0};
  constexpr std::uint32_t kFar = 0xCB007105;
  header.checksum = plain_checksum(tcp, pseudo_sum(kFar, kOwn, Ipv4Header::kTcp, tcp.size()));
  Bytes frame = ipv4_frame(Ipv4Header::kTcp, tcp);
  reinterpret_cast<netstack::EthernetHeader*>(frame.data())->destination = second.device.mac();
  auto& ip = *reinterpret_cast<Ipv4Header*>(frame.data() + 14);
  ip.source = kFar;
  ip.destination = kOwn;
  ip.checksum = 0;
  ip.checksum = plain_checksum({frame.data() + 14, 20});
  second.device.receive(frame);
  settle(second);
  second.interface.turn();
  first.interface.turn();
  CHECK(first.device.wire.empty());
  REQUIRE(second.device.wire.size() == 1);
  const Bytes& asked = second.device.wire[0];
  CHECK(word(asked, 12) == netstack::EthernetHeader::kArp);
  CHECK((word(asked, 38) << 16 | word(asked, 40)) == static_cast<int>(kGateway));
}

TEST_CASE("an echo request to another interface's address is answered") {
  Machine& first = machine();  // the second interface's address is that of the case above
  settle(first);
  first.device.wire.clear();
  Bytes frame = ipv4_frame(Ipv4Header::kIcmp, echo_message(56), Ipv4Header::kDontFragment);
  auto& ip = *reinterpret_cast<Ipv4Header*>(frame.data() + 14);
  const auto answers_to = [&](std::uint32_t destination) {
    ip.destination = destination;
    ip.checksum = 0;
    ip.checksum = plain_checksum({frame.data() + 14, 20});
    first.device.receive(frame);
    settle(first);
    first.interface.turn();
    return first.device.wire.size();
  };
  CHECK(answers_to(0x0A000077) == 0);  // no host's
  CHECK(answers_to(0x0A0000FF) == 0);  // broadcast
  REQUIRE(answers_to(0xC0A80901) == 1);
  const Bytes& reply = first.device.wire[0];
  CHECK(reply[34] == 0);
  CHECK(word(reply, 20) == 0);  // routers may fragment it
  CHECK((word(reply, 26) << 16 | word(reply, 28)) == static_cast<int>(0xC0A80901));
}

// A hypervisor's host (Linux with GRO, ESXi) leaves the tag on segments it joins.
TEST_CASE("a segment in several packets is received behind a priority tag") {
  Machine& m = machine();
  settle(m);
  Bytes tcp(20 + 5000);
  auto& header = *reinterpret_cast<netstack::TcpHeader*>(tcp.data());
  header = {1234, 99, 5, 7, 0x5010, 1000, 0, 0};
  const Bytes plain = ipv4_frame(Ipv4Header::kTcp, tcp);
  const auto answers_to = [&](const Bytes& prefix) {
    Bytes frame = plain;
    frame.insert(frame.begin() + 12, prefix.begin(), prefix.end());
    m.device.wire.clear();
    REQUIRE(m.device.receive_large(frame, 1900));
    settle(m);
    m.interface.turn();
    return m.device.wire.size();  // a RST: nobody listens there
  };
  const std::size_t before = Packet::free_count();
  CHECK(answers_to({}) == 1);
  CHECK(answers_to({0x81, 0, 0xA0, 0}) == 1);
  CHECK(word(m.device.wire[0], 12) == netstack::EthernetHeader::kIpv4);
  const std::uint64_t unknown = m.interface.attachment().counters()[Fate::kUnknownProtocol];
  CHECK(answers_to({0x81, 0, 0, 100}) == 0);
  CHECK(answers_to({0x81, 0, 0, 0, 0x81, 0, 0, 100}) == 0);
  CHECK(m.interface.attachment().counters()[Fate::kUnknownProtocol] == unknown + 2);
  CHECK(Packet::free_count() == before);
}

TEST_CASE("a segment in several packets is copied out of scarce ones, or dropped and counted") {
  Machine& m = machine();
  settle(m);
  Bytes tcp(20 + 5000);
  *reinterpret_cast<netstack::TcpHeader*>(tcp.data()) = {1234, 99, 5, 7, 0x5010, 1000, 0, 0};
  std::iota(tcp.begin() + 20, tcp.end(), std::uint8_t{0});
  Bytes frame = ipv4_frame(Ipv4Header::kTcp, tcp);
  const auto counters = [&] { return m.interface.attachment().counters(); };
  const netstack::InterfaceCounters before = counters();
  const std::uint32_t wrong = netstack::tcp_counters().dropped_checksum;
  const auto answers = [&] {
    m.device.wire.clear();
    REQUIRE(m.device.receive_large(frame, 1900));
    settle(m);
    m.interface.turn();
    return m.device.wire.size();  // a RST: nobody listens there
  };
  std::vector<Packet> taken;
  while (Packet::free_count() >= limits::kPacketReserve) taken.push_back(Packet::allocate());
  const std::size_t packets = Packet::free_count();
  CHECK(answers() == 1);
  CHECK(counters().rx_copied == before.rx_copied + 1);
  std::vector<struct pbuf*> pbufs;
  while (struct pbuf* const pbuf = pbuf_alloc(PBUF_RAW, 1, PBUF_POOL)) pbufs.push_back(pbuf);
  CHECK(answers() == 0);
  CHECK(counters().rx_no_memory == before.rx_no_memory + 1);
  CHECK(Packet::free_count() == packets);
  for (struct pbuf* const pbuf : pbufs) pbuf_free(pbuf);
  CHECK(answers() == 1);
  CHECK(counters().rx_no_memory == before.rx_no_memory + 1);
  CHECK(netstack::tcp_counters().dropped_checksum == wrong);
}

// `ping -R -s 3000`: only the first fragment has the record (RFC 791, 3.1), and lwIP drops
// fragments with options.
TEST_CASE("an echo request in fragments with IP options is answered without them") {
  Machine& m = machine();
  settle(m);
  m.device.wire.clear();
  const Bytes message = echo_message(1480 + 300);
  Bytes first = ipv4_frame(Ipv4Header::kIcmp, {message.data(), 1440}, 0x2000, 77);
  const Bytes options{7, 7, 4, 0, 0, 0, 0, 0};
  first.insert(first.begin() + 34, options.begin(), options.end());
  auto& ip = *reinterpret_cast<Ipv4Header*>(first.data() + 14);
  ip.version_and_words = 0x47;
  ip.total_bytes = static_cast<std::uint16_t>(first.size() - 14);
  ip.checksum = 0;
  ip.checksum = plain_checksum({first.data() + 14, 28});
  REQUIRE(m.device.receive(first));
  REQUIRE(m.device.receive(
      ipv4_frame(Ipv4Header::kIcmp, {message.data() + 1440, message.size() - 1440}, 1440 / 8, 77)));
  settle(m);
  m.interface.turn();
  const Bytes reply = reassemble(m.device.wire);
  REQUIRE(reply.size() == message.size());
  for (const Bytes& frame : m.device.wire) CHECK(frame[14] == 0x45);
  CHECK(std::equal(reply.begin() + 4, reply.end(), message.begin() + 4));
}

TEST_CASE("no packet is larger than the device's own MTU") {
  static Machine small{Device({.mac = {{2, 0, 0, 0, 0, 3}}, .mtu = 500}), {}};
  REQUIRE(small.interface.attach(
      small.device, 2, {.address = netstack::StaticAddress{{0xC0A80A01}, 24, {}}, .mtu = 1400}));
  CHECK(small.interface.attachment().netif().mtu == 500);
  small.interface.attachment().offer_mtu(1400);
  CHECK(small.interface.attachment().netif().mtu == 500);
}
