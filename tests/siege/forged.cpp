// forged.hpp: headers by RFC 791, 768, 792, 826 and 9293.
#include "tests/siege/forged.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstdio>
#include <span>
#include <utility>

namespace siege {

namespace {

constexpr unsigned kIcmp = 1;
constexpr unsigned kTcp = 6;
constexpr unsigned kUdp = 17;
constexpr unsigned kFin = 0x01;
constexpr unsigned kSyn = 0x02;
constexpr unsigned kRst = 0x04;
constexpr unsigned kPsh = 0x08;
constexpr unsigned kAck = 0x10;
constexpr unsigned kUrg = 0x20;
constexpr unsigned kMoreFragments = 0x2000;
constexpr std::size_t kLongestPing = 1472;

void put16(Frame& frame, unsigned value) {
  frame.push_back(static_cast<std::uint8_t>(value >> 8));
  frame.push_back(static_cast<std::uint8_t>(value));
}

void put32(Frame& frame, std::uint32_t value) {
  put16(frame, value >> 16);
  put16(frame, value & 0xFFFF);
}

void set16(Frame& frame, std::size_t at, unsigned value) {
  frame[at] = static_cast<std::uint8_t>(value >> 8);
  frame[at + 1] = static_cast<std::uint8_t>(value);
}

// RFC 1071.
unsigned checksum(std::span<const std::uint8_t> bytes, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sum += static_cast<std::uint32_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
  }
  while (sum > 0xFFFF) {
    sum = (sum & 0xFFFF) + (sum >> 16);
  }
  return ~sum & 0xFFFF;
}

std::uint32_t pseudo_header(std::uint32_t from, std::uint32_t to, unsigned protocol,
                            std::size_t bytes) {
  return (from >> 16) + (from & 0xFFFF) + (to >> 16) + (to & 0xFFFF) + protocol +
         static_cast<std::uint32_t>(bytes);
}

}  // namespace

Victim::Victim(const char* mac_words, const char* address_words) {
  std::array<unsigned, 6> read{};
  std::sscanf(mac_words, "%x:%x:%x:%x:%x:%x", &read[0], &read[1], &read[2], &read[3], &read[4],
              &read[5]);
  std::ranges::transform(read, mac.begin(),
                         [](unsigned byte) { return static_cast<std::uint8_t>(byte); });
  in_addr made{};
  inet_aton(address_words, &made);
  address = ntohl(made.s_addr);
}

struct Forger::Kind {
  std::string_view name;
  Make make;
};

const Forger::Kind Forger::kKinds[] = {
    {"syn", &Forger::syn},
    {"syn-neighbours", &Forger::syn_of_neighbours},
    {"ack", &Forger::ack},
    {"rst", &Forger::reset},
    {"fin", &Forger::fin},
    {"xmas", &Forger::xmas},
    {"null", &Forger::null},
    {"data", &Forger::data},
    {"syn-ack", &Forger::syn_ack},
    {"unmannered", &Forger::unmannered},
    {"udp", &Forger::udp},
    {"ping", &Forger::ping},
    {"arp-requests", &Forger::arp_request},
    {"arp-replies", &Forger::arp_reply},
    {"redirects", &Forger::redirect},
    {"unreachables", &Forger::unreachable},
    {"teardrop", &Forger::teardrop},
    {"overlapping", &Forger::overlapping},
    {"incomplete", &Forger::incomplete},
    {"beyond-the-end", &Forger::beyond_the_end},
    {"junk", &Forger::junk},
};

Forger::Forger(const Victim& victim, std::string_view kind, std::uint64_t seed)
    : victim_(victim), random_(seed) {
  const auto* const found = std::ranges::find(kKinds, kind, &Kind::name);
  make_ = found == std::end(kKinds) ? nullptr : found->make;
}

std::string Forger::kinds() {
  std::string names;
  for (const Kind& kind : kKinds) {
    names.append(names.empty() ? "" : ", ").append(kind.name);
  }
  return names;
}

std::uint32_t Forger::stranger() { return 0x0A00'0000 | (random() & 0x00FF'FFFF); }
std::uint32_t Forger::neighbour() { return (victim_.address & ~0xFFU) | (64 + random() % 190); }

Frame Forger::ethernet(unsigned type) {
  Frame frame(victim_.mac.begin(), victim_.mac.end());
  for (const unsigned byte : {0x02U, 0U, 0U, 0U, 0U, 0x66U}) {
    frame.push_back(static_cast<std::uint8_t>(byte));
  }
  put16(frame, type);
  return frame;
}

Frame Forger::datagram(std::uint32_t from, unsigned protocol, const Frame& payload,
                       unsigned fragment) {
  Frame frame = ethernet(0x0800);
  const std::size_t header = frame.size();
  put16(frame, 0x4500);
  put16(frame, static_cast<unsigned>(20 + payload.size()));
  put16(frame, fragment == 0 ? random() & 0xFFFF : 0x1234);
  put16(frame, fragment);
  put16(frame, 64 << 8 | protocol);
  put16(frame, 0);
  put32(frame, from);
  put32(frame, victim_.address);
  set16(frame, header + 10, checksum(std::span(frame).subspan(header, 20)));
  frame.insert(frame.end(), payload.begin(), payload.end());
  return frame;
}

Frame Forger::tcp(std::uint32_t from, unsigned flags, std::size_t payload) {
  Frame segment;
  put16(segment, 1024 + random() % 64000);
  put16(segment, 80);
  put32(segment, random());
  put32(segment, (flags & kAck) != 0 ? random() : 0);
  const bool has_options = (flags & kSyn) != 0;
  put16(segment, (has_options ? 7U : 5U) << 12 | flags);
  put16(segment, 64240);
  put32(segment, 0);
  if (has_options) {
    put32(segment, 0x020405B4);  // MSS 1460
    put32(segment, 0x01030307);  // window scale 7
  }
  segment.resize(segment.size() + payload, 'x');
  set16(segment, 16, checksum(segment, pseudo_header(from, victim_.address, kTcp, segment.size())));
  return datagram(from, kTcp, segment);
}

Frame Forger::syn() { return tcp(stranger(), kSyn); }
Frame Forger::syn_of_neighbours() { return tcp(neighbour(), kSyn); }
Frame Forger::ack() { return tcp(stranger(), kAck); }
Frame Forger::reset() { return tcp(stranger(), kRst); }
Frame Forger::fin() { return tcp(stranger(), kFin); }
Frame Forger::xmas() { return tcp(stranger(), kFin | kPsh | kUrg); }
Frame Forger::null() { return tcp(stranger(), 0); }
Frame Forger::data() { return tcp(stranger(), kAck | kPsh, 512); }
Frame Forger::syn_ack() { return tcp(stranger(), kSyn | kAck); }
Frame Forger::unmannered() { return tcp(neighbour(), random() & 0x3F, random() % 3 * 100); }

Frame Forger::udp() {
  const std::uint32_t from = stranger();
  Frame datagram_;
  put16(datagram_, 1024 + random() % 64000);
  put16(datagram_, 1 + random() % 65535);
  put16(datagram_, 8 + 64);
  put16(datagram_, 0);
  datagram_.resize(8 + 64, 'u');
  return datagram(from, kUdp, datagram_);
}

Frame Forger::ping() {
  Frame echo;
  put16(echo, 8 << 8);
  put16(echo, 0);
  put32(echo, random());
  echo.resize(8 + kLongestPing, 'p');
  set16(echo, 2, checksum(echo));
  return datagram(stranger(), kIcmp, echo);
}

// RFC 792: an error about a segment that the machine may have sent to a neighbour.
Frame Forger::icmp_error(unsigned type, unsigned code) {
  Frame error;
  put16(error, type << 8 | code);
  put16(error, 0);
  put32(error, type == 5 ? neighbour() : 1280);  // the better router; the next hop's MTU
  put16(error, 0x4500);
  put16(error, 1500);
  put32(error, 0x4000);
  put16(error, 64 << 8 | kTcp);
  put16(error, 0);
  put32(error, victim_.address);
  put32(error, (victim_.address & ~0xFFU) | 1);
  put16(error, 80);
  put16(error, 32768 + random() % 28232);
  put32(error, random());
  set16(error, 2, checksum(error));
  return datagram((victim_.address & ~0xFFU) | 1, kIcmp, error);
}

Frame Forger::redirect() { return icmp_error(5, 1); }
Frame Forger::unreachable() { return icmp_error(3, random() % 16); }

Frame Forger::arp(unsigned operation, std::uint32_t from, std::uint32_t about, const Mac& sender) {
  Frame frame = ethernet(0x0806);
  put16(frame, 1);
  put16(frame, 0x0800);
  put16(frame, 0x0604);
  put16(frame, operation);
  frame.insert(frame.end(), sender.begin(), sender.end());
  put32(frame, from);
  frame.insert(frame.end(), victim_.mac.begin(), victim_.mac.end());
  put32(frame, about);
  frame.resize(60);
  return frame;
}

Frame Forger::arp_request() {
  const Mac sender{0x02, 0, 0, 0, static_cast<std::uint8_t>(random()), 0x66};
  return arp(1, neighbour(), victim_.address, sender);
}

Frame Forger::arp_reply() {
  const Mac sender{0x02, 0, 0, 0, static_cast<std::uint8_t>(random()), 0x66};
  return arp(2, neighbour(), victim_.address, sender);
}

// The second fragment lies within the first (CVE-1999-0015).
Frame Forger::teardrop() {
  if (second_.empty()) {
    const std::uint32_t from = stranger();
    second_ = datagram(from, kUdp, Frame(8, 't'), 24 / 8);
    return datagram(from, kUdp, Frame(36, 't'), kMoreFragments);
  }
  return std::exchange(second_, {});
}

Frame Forger::overlapping() {
  const unsigned offset = random() % 100;
  return datagram(neighbour(), kIcmp, Frame(8 * (1 + random() % 60), 'o'), kMoreFragments | offset);
}

Frame Forger::incomplete() {
  Frame frame = datagram(stranger(), kIcmp, Frame(1480, 'i'), kMoreFragments);
  set16(frame, 18, random() & 0xFFFF);  // each of a datagram of its own
  set16(frame, 24, 0);
  set16(frame, 24, checksum(std::span(frame).subspan(14, 20)));
  return frame;
}

// The last byte would be behind 65,535.
Frame Forger::beyond_the_end() { return datagram(stranger(), kIcmp, Frame(1000, 'b'), 0x1FFF); }

Frame Forger::junk() {
  Frame frame = ethernet(random() & 0xFFFF);
  const std::size_t bytes = frame.size() + random() % 1500;
  if (random() % 2 == 0) {
    frame[12] = 8;
    frame[13] = random() % 4 == 0 ? 6 : 0;
  }
  while (frame.size() < std::max<std::size_t>(bytes, 15)) {
    frame.push_back(static_cast<std::uint8_t>(random()));
  }
  return frame;
}

}  // namespace siege
