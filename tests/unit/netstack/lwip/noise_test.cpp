// Frames of noise against the whole stack: nothing is read out of bounds, lost, or kept for ever.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <random>

#include "netstack/lwip/heap.hpp"
#include "netstack/stack.hpp"
#include "tests/unit/netstack/tcp_server.hpp"

using namespace mote;
using namespace mote::world;
using netstack::Ipv4Header;
using netstack::TcpHeader;

namespace {

std::mt19937 noise(11);

std::uint32_t below(std::uint32_t limit) { return noise() % limit; }

Bytes random_bytes(std::size_t count) {
  Bytes bytes(count);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(noise());
  return bytes;
}

// Corrects the checksum of the IP header, and that of TCP, UDP or ICMP.
void seal(Bytes& frame) {
  auto& ip = *reinterpret_cast<Ipv4Header*>(frame.data() + 14);
  const std::size_t header = ip.header_bytes();
  if (header < 20 || frame.size() < 14 + header) return;
  ip.checksum = 0;
  ip.checksum = plain_checksum({frame.data() + 14, header});
  const std::size_t offset = ip.protocol == Ipv4Header::kTcp   ? 16
                             : ip.protocol == Ipv4Header::kUdp ? 6
                                                               : 2;
  if (ip.total_bytes < header + offset + 2U || ip.total_bytes > frame.size() - 14) return;
  const std::size_t bytes = ip.total_bytes - header;
  std::uint8_t* message = frame.data() + 14 + header;
  message[offset] = message[offset + 1] = 0;
  const std::uint32_t start = ip.protocol == Ipv4Header::kIcmp
                                  ? 0
                                  : pseudo_sum(ip.source, ip.destination, ip.protocol, bytes);
  const std::uint16_t checksum = plain_checksum({message, bytes}, start);
  message[offset] = static_cast<std::uint8_t>(checksum >> 8);
  message[offset + 1] = static_cast<std::uint8_t>(checksum);
}

// A segment of the peer's connection, close enough to a valid one to be examined.
Bytes strange_segment(const TcpPeer& peer) {
  constexpr std::array<std::uint32_t, 6> kOffsets{0, 1, 100, 5000, 0xFFFFFFFF, 0x80000000};
  Bytes options = random_bytes(below(10) * 4);
  for (auto& byte : options) byte = static_cast<std::uint8_t>(byte % 10);
  Bytes bytes(sizeof(TcpHeader));
  auto& tcp = *reinterpret_cast<TcpHeader*>(bytes.data());
  const std::size_t claimed = below(8) == 0 ? below(16) : 5 + options.size() / 4;
  tcp = {static_cast<std::uint16_t>(7000 + below(20)),
         static_cast<std::uint16_t>(below(20) == 0 ? 81 : 80),
         peer.sequence() + kOffsets[below(6)],
         peer.expected + kOffsets[below(6)],
         static_cast<std::uint16_t>(claimed << 12 | (below(3) == 0 ? below(64) : TcpPeer::kAck)),
         static_cast<std::uint16_t>(below(2) == 0 ? below(2000) : noise()),
         0,
         0};
  bytes.insert(bytes.end(), options.begin(), options.end());
  const Bytes payload = random_bytes(below(3) == 0 ? below(1400) : 0);
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return ipv4_frame(Ipv4Header::kTcp, bytes);
}

Bytes strange_datagram() {
  switch (below(4)) {
    case 0: {
      const auto field =
          static_cast<std::uint16_t>(below(2) << 13 | below(below(2) == 0 ? 8 : 8192));
      return ipv4_frame(Ipv4Header::kIcmp, random_bytes(below(180) * 8), field,
                        static_cast<std::uint16_t>(below(6)));
    }
    case 1:
      return ipv4_frame(Ipv4Header::kIcmp, random_bytes(below(100)));
    case 2: {
      Bytes udp = random_bytes(8 + below(600));
      udp[2] = 0, udp[3] = 68;
      udp[4] = static_cast<std::uint8_t>(udp.size() >> 8);
      udp[5] = static_cast<std::uint8_t>(udp.size());
      return ipv4_frame(Ipv4Header::kUdp, udp);
    }
    default:
      return ipv4_frame(static_cast<std::uint8_t>(noise()), random_bytes(below(1480)));
  }
}

void disturb(Bytes& frame) {
  if (below(4) == 0) frame[14 + below(20)] = static_cast<std::uint8_t>(noise());
  if (below(8) == 0) {  // IP options, made from the payload's first bytes
    frame[14] = static_cast<std::uint8_t>(0x45 + below(11));
  }
  if (below(10) == 0) frame.resize(std::max<std::size_t>(34, below(1500)), 0);
  if (below(4) != 0) seal(frame);
}

}  // namespace

TEST_CASE("noise on open connections") {
  Machine& m = server();
  const std::size_t packets = Packet::free_count();
  Network network;
  for (int round = 0; round < 150; ++round) {
    TcpPeer peer(static_cast<std::uint16_t>(7000 + round % 20), noise());
    TcpPeer* peers[] = {&peer};
    peer.connect();
    for (int i = 0; i < 10; ++i) step(m, network, peers);
    if (round % 2 == 0) peer.send(request_for(1 + below(200'000)));
    m.device.ring = round % 5 == 0 ? 3 : 256;
    for (int i = 0; i < 1000; ++i) {
      Bytes frame = below(4) == 0 ? strange_datagram() : strange_segment(peer);
      disturb(frame);
      m.device.receive(frame, below(2) == 0 ? RxChecksum::kUnknown : RxChecksum::kVerified);
      if (below(10) == 0) step(m, network, peers);
    }
    peer.reset();
    for (int i = 0; i < 10; ++i) step(m, network, peers);
  }
  m.device.ring = 256;
  for (int i = 0; i < 400'000; ++i) {
    advance(milliseconds(1));
    settle(m);
    m.device.wire.clear();
  }
  CHECK(Packet::free_count() == packets);
  CHECK(fetch(network, 300'000, 7100) > 0);
}

TEST_CASE("noise in ARP") {
  Machine& m = server();
  for (int i = 0; i < 50'000; ++i) {
    Bytes frame = arp_reply(kPeerAddress, kPeerMac);
    for (std::uint32_t change = below(4); change > 0; --change) {
      frame[14 + below(28)] = static_cast<std::uint8_t>(noise());
    }
    if (below(3) == 0) frame.resize(14 + below(46));
    m.device.receive(frame);
    if (i % 50 == 0) settle(m);
    m.device.wire.clear();
  }
  settle(m);
}
