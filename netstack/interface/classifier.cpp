// The classifier: judges received frames and answers echo requests in place.
#include "netstack/interface/classifier.hpp"

#include <algorithm>
#include <utility>

#include "netstack/wire/checksum.hpp"

namespace mote::netstack {
namespace {

constexpr std::size_t kIpOffset = sizeof(EthernetHeader);
constexpr std::size_t kEchoOffset = kIpOffset + sizeof(Ipv4Header);

bool header_holds(const Ipv4Header& ip, std::span<const std::byte> options) {
  Sum sum = sum_of(ip);
  if (!options.empty()) [[unlikely]] {
    add_bytes(sum, options);
  }
  return sum.folded() == 0xFFFF;
}

// The subnet's broadcast address; /31 and /32 have none (RFC 3021).
bool is_subnet_broadcast(Ipv4Address address, const Host& host) {
  return host.address.value != 0 && host.netmask.value < 0xFFFFFFFE &&
         address.value == (host.address.value | ~host.netmask.value);
}

// Whether a datagram goes to all on the link, as far as we know. While we have no address, every
// one does.
bool is_broadcast(Ipv4Address destination, const Host& host) {
  return host.address.value == 0 || destination.value == 0xFFFFFFFF ||
         is_subnet_broadcast(destination, host);
}

// RFC 1122, 3.2.1.3: addresses that may not be a datagram's source. A datagram with our own
// address as source was forged (or loops).
bool is_bad_source(Ipv4Address source, const Host& host) {
  const std::uint32_t value = source.value;
  if (value >> 24 == 0 || source.is_loopback() || source.is_multicast() || source.is_broadcast()) {
    return true;
  }
  if (host.address.value == 0) {
    return false;
  }
  return source == host.address || is_subnet_broadcast(source, host);
}

bool is_echo_request(const Ipv4Header& ip, std::span<const std::byte> datagram) {
  return ip.protocol == Ipv4Header::kIcmp && datagram.size() > sizeof(Ipv4Header) &&
         static_cast<std::uint8_t>(datagram[sizeof(Ipv4Header)]) == IcmpEcho::kRequest;
}

// Turns a verified echo request into its reply. Routers may fragment the reply, whatever the
// request allowed, because nobody here would hear that it was too long. The echo's checksum serves
// as the identification: it changes with the sequence number and reveals nothing. Most of IP's
// header is known in advance, so summing it anew is cheaper than carrying its sum over each change.
void write_reply(EthernetHeader& ethernet, Ipv4Header& ip, IcmpEcho& echo, const Host& host) {
  ethernet.destination = ethernet.source;
  ethernet.source = host.mac;

  std::swap(ip.source, ip.destination);
  ip.identification = echo.checksum;
  ip.flags_and_offset = 0;
  ip.time_to_live = Ipv4Header::kDefaultTtl;
  ip.checksum = 0;
  ip.checksum = Be16::from_raw(static_cast<std::uint16_t>(~sum_of(ip).folded()));

  // Only the type changes, and by the same amount whatever the code is.
  constexpr Be16 kTypeBefore{IcmpEcho::kRequest << 8};
  constexpr Be16 kTypeAfter{IcmpEcho::kReply << 8};
  echo.checksum =
      Be16::from_raw(checksum_updated(echo.checksum.raw(), kTypeBefore.raw(), kTypeAfter.raw()));
  echo.type = IcmpEcho::kReply;
}

// `buffer` holds a whole echo request without IP options.
Decision answer_echo(std::span<std::byte> buffer, std::size_t total_bytes, const Host& host) {
  auto& ethernet = *reinterpret_cast<EthernetHeader*>(buffer.data());
  auto& ip = *reinterpret_cast<Ipv4Header*>(buffer.data() + kIpOffset);
  auto& echo = *reinterpret_cast<IcmpEcho*>(buffer.data() + kEchoOffset);
  if (const Ipv4Address destination{ip.destination}; destination != host.address) {
    // Perhaps another interface's address, which is ours as well (RFC 1122, 3.3.4.2: weak host
    // model).
    return {is_broadcast(destination, host) ? Fate::kEchoToGroup : Fate::kUp};
  }
  if (total_bytes < sizeof(Ipv4Header) + sizeof(IcmpEcho)) {
    return {Fate::kShort};
  }
  if (!checksum_holds(buffer.subspan(kEchoOffset, total_bytes - sizeof(Ipv4Header)))) {
    return {Fate::kBadChecksum};
  }
  write_reply(ethernet, ip, echo, host);

  const std::size_t frame_bytes = kIpOffset + total_bytes;
  if (frame_bytes >= EthernetHeader::kMinFrameBytes) {
    return {Fate::kReply, static_cast<std::uint16_t>(frame_bytes)};
  }
  std::ranges::fill(buffer.first<EthernetHeader::kMinFrameBytes>().subspan(frame_bytes),
                    std::byte{0});
  return {Fate::kReply, EthernetHeader::kMinFrameBytes};
}

// Checks that options are well-formed (RFC 791, 3.1) and don't ask for source routing: kUp, or the
// reason to drop. Unknown ones are ignored (RFC 1122, 3.2.1.8).
Fate judge_options(std::span<const std::byte> options) {
  while (!options.empty()) {
    const auto type = static_cast<std::uint8_t>(options[0]);
    std::size_t bytes = 1;
    if (type == Ipv4Header::kEndOfOptions) {
      break;
    }
    if (type != Ipv4Header::kNoOperation) {
      if (options.size() < 2) {
        return Fate::kBadHeader;
      }
      bytes = static_cast<std::uint8_t>(options[1]);
      if (bytes < 2 || bytes > options.size()) {
        return Fate::kBadHeader;
      }
      if (type == Ipv4Header::kLooseSourceRoute || type == Ipv4Header::kStrictSourceRoute) {
        return Fate::kSourceRoute;
      }
    }
    options = options.subspan(bytes);
  }
  return Fate::kUp;
}

// Removes the options, if any, from a datagram that was judged. They concern the hosts on its way,
// and the answer carries none. In an echo reply, a record of route or times continued from the
// request's would be better (RFC 1122, 3.2.2.6), but an unchanged copy would be wrong.
[[gnu::noinline]] void remove_options(std::span<std::byte> datagram) {
  auto& ip = *reinterpret_cast<Ipv4Header*>(datagram.data());
  const std::size_t header_bytes = ip.header_bytes();
  const std::size_t total_bytes = ip.total_bytes;
  if (header_bytes == sizeof(Ipv4Header)) {
    return;
  }
  const std::span payload = datagram.subspan(header_bytes, total_bytes - header_bytes);
  std::ranges::copy(payload, datagram.begin() + sizeof(Ipv4Header));
  ip.version_and_words = Ipv4Header::kVersion4NoOptions;
  ip.total_bytes = static_cast<std::uint16_t>(sizeof(Ipv4Header) + payload.size());
  ip.checksum = 0;
  ip.checksum = Be16::from_raw(static_cast<std::uint16_t>(~sum_of(ip).folded()));
}

// Judges a datagram by its IPv4 header. `start` is the frame's beginning with at least all of that
// header, `frame_bytes` its whole length. Inline, because every frame passes through here.
[[gnu::always_inline]] inline Fate judge_ipv4_header(std::span<const std::byte> start,
                                                     std::size_t frame_bytes, const Host& host) {
  if (start.size() < kIpOffset + sizeof(Ipv4Header)) {
    return Fate::kShort;
  }
  const auto& ip = *reinterpret_cast<const Ipv4Header*>(start.data() + kIpOffset);
  std::span<const std::byte> options;
  if (ip.version_and_words != Ipv4Header::kVersion4NoOptions) [[unlikely]] {
    const std::size_t header_bytes = ip.header_bytes();
    if (ip.version_and_words >> 4 != 4 || header_bytes < Ipv4Header::kMinBytes ||
        header_bytes > start.size() - kIpOffset) {
      return Fate::kBadHeader;
    }
    options = start.subspan(kEchoOffset, header_bytes - sizeof(Ipv4Header));
  }
  const std::size_t total_bytes = ip.total_bytes;
  if (total_bytes < sizeof(Ipv4Header) + options.size() || total_bytes > frame_bytes - kIpOffset) {
    return Fate::kBadHeader;
  }
  if (!header_holds(ip, options)) {
    return Fate::kBadChecksum;
  }
  if (!options.empty()) [[unlikely]] {
    if (const Fate fate = judge_options(options); fate != Fate::kUp) {
      return fate;
    }
  }
  if (is_bad_source({ip.source}, host)) {
    return Fate::kBadSource;
  }
  if (Ipv4Address{ip.destination}.is_multicast()) {
    return Fate::kMulticast;
  }
  const auto& ethernet = *reinterpret_cast<const EthernetHeader*>(start.data());
  if (is_group(ethernet.destination) && !is_broadcast({ip.destination}, host)) [[unlikely]] {
    return Fate::kUnicastToGroup;
  }
  return ip.is_fragment() ? Fate::kUpFragment : Fate::kUp;
}

Decision judge_ipv4(std::span<std::byte> buffer, std::size_t frame_bytes, const Host& host) {
  const auto& ip = *reinterpret_cast<const Ipv4Header*>(buffer.data() + kIpOffset);
  while (true) {
    const Fate fate = judge_ipv4_header(buffer.first(frame_bytes), frame_bytes, host);
    if (fate != Fate::kUp) {
      if (fate == Fate::kUpFragment) {
        remove_options(buffer.subspan(kIpOffset));
      }
      return {fate};
    }
    if (ip.version_and_words == Ipv4Header::kVersion4NoOptions) [[likely]] {
      const std::size_t total_bytes = ip.total_bytes;
      if (is_echo_request(ip, buffer.subspan(kIpOffset, total_bytes)) && host.address.value != 0) {
        return answer_echo(buffer, total_bytes, host);
      }
      return {Fate::kUp};
    }
    remove_options(buffer.subspan(kIpOffset));  // then judge it again like any other
  }
}

// lwIP reads an ARP packet without checking its length (etharp_input), so check it here.
Decision judge_arp(std::span<const std::byte> frame) {
  if (frame.size() < sizeof(EthernetHeader) + sizeof(ArpPacket)) {
    return {Fate::kBadArp};
  }
  const auto& arp = *reinterpret_cast<const ArpPacket*>(frame.data() + sizeof(EthernetHeader));
  const bool usable = arp.hardware == 1 && arp.protocol == EthernetHeader::kIpv4 &&
                      arp.hardware_bytes == 6 && arp.protocol_bytes == 4;
  return {usable ? Fate::kUp : Fate::kBadArp};
}

// Whether the frame's MAC addresses let it in: kUp, or the reason to drop.
Fate judge_ethernet(std::span<const std::byte> frame, const Host& host) {
  if (frame.size() < sizeof(EthernetHeader)) {
    return Fate::kShort;
  }
  const auto& ethernet = *reinterpret_cast<const EthernetHeader*>(frame.data());
  if (is_group(ethernet.source)) {
    return Fate::kBadSource;
  }
  const bool ours = is_group(ethernet.destination) || ethernet.destination == host.mac;
  return ours ? Fate::kUp : Fate::kOtherHost;
}

}  // namespace

Fate judge_large(std::span<const std::byte> start, std::size_t frame_bytes, const Host& host) {
  if (const Fate fate = judge_ethernet(start, host); fate != Fate::kUp) {
    return fate;
  }
  if (reinterpret_cast<const EthernetHeader*>(start.data())->type != EthernetHeader::kIpv4) {
    return Fate::kUnknownProtocol;
  }
  if (frame_bytes > 0xFFFF) {
    return Fate::kBadHeader;  // more than a pbuf's length can hold
  }
  const Fate fate = judge_ipv4_header(start, frame_bytes, host);
  return fate == Fate::kUpFragment ? Fate::kBadHeader : fate;
}

[[gnu::noinline]] bool remove_priority_tag(std::span<std::byte> frame) {
  constexpr std::size_t kTagOffset = offsetof(EthernetHeader, type);
  if (frame.size() < sizeof(EthernetHeader) + sizeof(VlanTag)) {
    return false;
  }
  const auto& tag = *reinterpret_cast<const VlanTag*>(frame.data() + kTagOffset);
  const Be16& next = reinterpret_cast<const VlanTag*>(&tag + 1)->type;
  if (tag.type != VlanTag::kType || (tag.control & VlanTag::kIdentifierMask) != 0 ||
      next == VlanTag::kType || next == VlanTag::kServiceType) {
    return false;
  }
  std::ranges::copy(frame.subspan(kTagOffset + sizeof(VlanTag)), frame.begin() + kTagOffset);
  return true;
}

Decision classify(std::span<std::byte> buffer, std::size_t frame_bytes, const Host& host) {
  const Fate fate = judge_ethernet(buffer.first(frame_bytes), host);
  if (fate != Fate::kUp) {
    return {fate};
  }
  const auto& ethernet = *reinterpret_cast<const EthernetHeader*>(buffer.data());
  while (true) {
    switch (ethernet.type) {
      case EthernetHeader::kIpv4:
        return judge_ipv4(buffer, frame_bytes, host);
      case EthernetHeader::kArp:
        return judge_arp(buffer.first(frame_bytes));
      default:  // once more after a priority tag, which no other tag may follow
        if (!remove_priority_tag(buffer.first(frame_bytes))) {
          return {Fate::kUnknownProtocol};
        }
        frame_bytes -= sizeof(VlanTag);
    }
  }
}

}  // namespace mote::netstack
