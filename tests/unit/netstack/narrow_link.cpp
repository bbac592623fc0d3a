// A router in front of a narrow link.
#include "tests/unit/netstack/narrow_link.hpp"

namespace mote::world {

using netstack::Ipv4Header;

namespace {
const Ipv4Header& ip_of(const Bytes& frame) {
  return *reinterpret_cast<const Ipv4Header*>(frame.data() + 14);
}
}  // namespace

Bytes fragmentation_needed(const Bytes& frame, std::uint16_t mtu) {
  Bytes message{
      3, 4, 0, 0, 0, 0, static_cast<std::uint8_t>(mtu >> 8), static_cast<std::uint8_t>(mtu)};
  message.insert(message.end(), frame.begin() + 14, frame.begin() + 14 + 28);
  const std::uint16_t sum = plain_checksum(message);
  message[2] = static_cast<std::uint8_t>(sum >> 8);
  message[3] = static_cast<std::uint8_t>(sum);
  return ipv4_frame(Ipv4Header::kIcmp, message);
}

bool has_df(const Bytes& frame) {
  return ip_of(frame).flags_and_offset == Ipv4Header::kDontFragment;
}

NarrowLink::NarrowLink(Network& network, std::uint16_t link_mtu) : mtu(link_mtu) {
  network.to_peer.carries = [this](const Bytes& frame) {
    ++passed;
    if (ip_of(frame).total_bytes <= mtu) return true;
    if (!has_df(frame)) {
      ++(loses_fragments ? lost : fragmented);
      return !loses_fragments;
    }
    ++too_long;
    last_too_long = frame;
    if (!is_silent) {
      ++told;
      machine().device.receive(fragmentation_needed(frame, says_mtu ? mtu : std::uint16_t{0}));
    }
    return false;
  };
}

}  // namespace mote::world
