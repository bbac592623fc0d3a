// Wire formats: Ethernet, ARP, IPv4, ICMP, UDP and TCP headers as they lie in a frame.
//
// Every multi-byte field is a `Big<T>`, which holds network byte order and has byte alignment, so
// that a header may start at any byte of a frame.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>

#include "drivers/net_device.hpp"
#include "netstack/wire/checksum.hpp"

namespace mote::netstack {

// An integer in network byte order (RFC 791, appendix B).
template <std::unsigned_integral T>
class Big {
 public:
  constexpr Big() = default;
  constexpr Big(T value)  // NOLINT: a number and its wire form convert freely
      : bytes_(std::bit_cast<Bytes>(std::byteswap(value))) {}
  constexpr operator T() const { return std::byteswap(raw()); }  // NOLINT

  // The field as the CPU loads it, for checksums, which don't depend on the byte order.
  [[nodiscard]] constexpr T raw() const { return std::bit_cast<T>(bytes_); }

  [[nodiscard]] static constexpr Big from_raw(T raw) {
    Big big;
    big.bytes_ = std::bit_cast<Bytes>(raw);
    return big;
  }

 private:
  using Bytes = std::array<std::uint8_t, sizeof(T)>;
  Bytes bytes_{};
};
static_assert(std::endian::native == std::endian::little);

using Be16 = Big<std::uint16_t>;
using Be32 = Big<std::uint32_t>;

// An IPv4 address; `value` is in host byte order: 10.0.2.15 is 0x0A00020F.
struct Ipv4Address {
  std::uint32_t value = 0;

  [[nodiscard]] constexpr bool is_multicast() const { return value >> 28 == 0xE; }
  [[nodiscard]] constexpr bool is_broadcast() const { return value == 0xFFFFFFFF; }
  [[nodiscard]] constexpr bool is_link_local() const { return value >> 16 == 0xA9FE; }
  [[nodiscard]] constexpr bool is_loopback() const { return value >> 24 == 127; }
  friend constexpr bool operator==(Ipv4Address, Ipv4Address) = default;
};

// IEEE 802.3, 3.1.1; RFC 894.
struct EthernetHeader {
  MacAddress destination;
  MacAddress source;
  Be16 type;

  static constexpr std::uint16_t kIpv4 = 0x0800;
  static constexpr std::uint16_t kArp = 0x0806;
  static constexpr std::size_t kMinFrameBytes = 60;  // without the frame check sequence
};
static_assert(sizeof(EthernetHeader) == kEthernetHeaderBytes && alignof(EthernetHeader) == 1);
// What fills shorter frames.
inline constexpr std::array<std::byte, EthernetHeader::kMinFrameBytes> kPadding{};

// IEEE 802.1Q, 9.6: a C-VLAN tag, between the MAC addresses and the type of the payload.
struct VlanTag {
  Be16 type;
  Be16 control;  // priority, drop eligible, identifier

  static constexpr std::uint16_t kType = 0x8100;
  static constexpr std::uint16_t kServiceType = 0x88A8;  // of an S-VLAN tag, which bridges exchange
  static constexpr std::uint16_t kIdentifierMask = 0x0FFF;
};
static_assert(sizeof(VlanTag) == 4 && alignof(VlanTag) == 1);

// The group bit of an Ethernet address: broadcast or multicast (IEEE 802.3, 3.2.3).
[[nodiscard]] constexpr bool is_group(const MacAddress& mac) { return (mac.octets[0] & 1) != 0; }

// RFC 826, for Ethernet and IPv4.
struct ArpPacket {
  Be16 hardware;
  Be16 protocol;
  std::uint8_t hardware_bytes;
  std::uint8_t protocol_bytes;
  Be16 operation;
  MacAddress sender_mac;
  Be32 sender_address;
  MacAddress target_mac;
  Be32 target_address;

  static constexpr std::uint16_t kEthernet = 1;
  static constexpr std::uint16_t kRequest = 1;
  static constexpr std::uint16_t kReply = 2;
};
static_assert(sizeof(ArpPacket) == 28 && alignof(ArpPacket) == 1);

// RFC 791, 3.1.
struct Ipv4Header {
  std::uint8_t version_and_words;
  std::uint8_t type_of_service;
  Be16 total_bytes;
  Be16 identification;
  Be16 flags_and_offset;
  std::uint8_t time_to_live;
  std::uint8_t protocol;
  Be16 checksum;
  Be32 source;
  Be32 destination;

  static constexpr std::uint8_t kVersion4NoOptions = 0x45;
  static constexpr std::uint16_t kDontFragment = 0x4000;
  static constexpr std::uint16_t kMoreFragments = 0x2000;
  static constexpr std::uint16_t kOffsetMask = 0x1FFF;
  static constexpr std::uint8_t kIcmp = 1;
  static constexpr std::uint8_t kTcp = 6;
  static constexpr std::uint8_t kUdp = 17;
  static constexpr std::uint8_t kDefaultTtl = 64;  // RFC 1700
  static constexpr std::size_t kMinBytes = 20;

  // Option types (3.1). The first two options have no length byte.
  static constexpr std::uint8_t kEndOfOptions = 0;
  static constexpr std::uint8_t kNoOperation = 1;
  static constexpr std::uint8_t kLooseSourceRoute = 131;
  static constexpr std::uint8_t kStrictSourceRoute = 137;

  [[nodiscard]] std::size_t header_bytes() const { return (version_and_words & 0x0FU) * 4U; }
  [[nodiscard]] bool is_fragment() const {
    return (flags_and_offset & (kMoreFragments | kOffsetMask)) != 0;
  }
};
static_assert(sizeof(Ipv4Header) == 20 && alignof(Ipv4Header) == 1);
static_assert(offsetof(Ipv4Header, checksum) == 10);

// The sum over a header without its options: too few words to be worth a loop.
[[nodiscard]] inline Sum sum_of(const Ipv4Header& ip) {
  const auto* const at = reinterpret_cast<const std::byte*>(&ip);
  Sum sum;
  add_words<2>(sum, at);
  sum.add(load_word<std::uint32_t>(at + 16));
  return sum;
}

// RFC 792, echo and echo reply.
struct IcmpEcho {
  std::uint8_t type;
  std::uint8_t code;
  Be16 checksum;
  Be16 identifier;
  Be16 sequence;

  static constexpr std::uint8_t kReply = 0;
  static constexpr std::uint8_t kRequest = 8;
};
static_assert(sizeof(IcmpEcho) == 8 && alignof(IcmpEcho) == 1);

// RFC 768.
struct UdpHeader {
  Be16 source_port;
  Be16 destination_port;
  Be16 bytes;
  Be16 checksum;
};
static_assert(sizeof(UdpHeader) == 8 && alignof(UdpHeader) == 1);

// RFC 9293, 3.1.
struct TcpHeader {
  static constexpr std::uint16_t kNoOptions = 0x5000;  // of offset_and_flags

  Be16 source_port;
  Be16 destination_port;
  Be32 sequence;
  Be32 acknowledgement;
  Be16 offset_and_flags;
  Be16 window;
  Be16 checksum;
  Be16 urgent;

  [[nodiscard]] std::size_t header_bytes() const { return (offset_and_flags >> 12) * 4U; }
};
static_assert(sizeof(TcpHeader) == 20 && alignof(TcpHeader) == 1);
static_assert(offsetof(TcpHeader, checksum) == 16);

// The sum of TCP's pseudo-header (RFC 9293, 3.1): both addresses, the protocol, and TCP's length.
[[nodiscard]] inline Sum pseudo_header_sum(const Ipv4Header& ip, std::uint16_t tcp_bytes) {
  Sum sum;
  sum.add(ip.source.raw());
  sum.add(ip.destination.raw());
  sum.add(Be16{Ipv4Header::kTcp}.raw());
  sum.add(Be16{tcp_bytes}.raw());
  return sum;
}

}  // namespace mote::netstack
