// TCP segments of any host.
#include "tests/unit/netstack/segments.hpp"

namespace mote::world {

using netstack::Ipv4Header;
using netstack::TcpHeader;

Bytes Segment::frame() const {
  Bytes bytes(sizeof(TcpHeader));
  const std::size_t words = (sizeof(TcpHeader) + options.size()) / 4;
  *reinterpret_cast<TcpHeader*>(bytes.data()) = {
      port,   service, sequence, acknowledgement, static_cast<std::uint16_t>(words << 12 | flags),
      window, 0,       0};
  bytes.insert(bytes.end(), options.begin(), options.end());
  bytes.insert(bytes.end(), text.begin(), text.end());
  const std::uint16_t checksum =
      plain_checksum(bytes, pseudo_sum(source, kMachineAddress, Ipv4Header::kTcp, bytes.size()));
  reinterpret_cast<TcpHeader*>(bytes.data())->checksum = checksum;
  return datagram_from(source, mac, Ipv4Header::kTcp, bytes);
}

bool has_right_checksums(const Bytes& frame) {
  const Ipv4Header& ip = ipv4_of(frame);
  const std::size_t bytes = ip.total_bytes - sizeof(Ipv4Header);
  return plain_checksum({frame.data() + 14, 20}) == 0 &&
         plain_checksum({frame.data() + 34, bytes},
                        pseudo_sum(ip.source, ip.destination, Ipv4Header::kTcp, bytes)) == 0;
}

}  // namespace mote::world
