// The network device's constants and layouts (virtio 1.2, 5.1).
#pragma once

#include <cstddef>
#include <cstdint>

#include "drivers/virtio/transport.hpp"

namespace mote::virtio {

// 5.1.1: its device identifier.
inline constexpr std::uint16_t kNetDevice = 1;

// 5.1.2: the queues of a device without VIRTIO_NET_F_MQ.
inline constexpr std::uint16_t kReceiveQueue = 0;
inline constexpr std::uint16_t kTransmitQueue = 1;

// 5.1.3: feature bits.
namespace feature {
inline constexpr Features kNetChecksum = bit(0);       // VIRTIO_NET_F_CSUM
inline constexpr Features kNetGuestChecksum = bit(1);  // VIRTIO_NET_F_GUEST_CSUM
inline constexpr Features kNetMtu = bit(3);            // VIRTIO_NET_F_MTU
inline constexpr Features kNetMac = bit(5);            // VIRTIO_NET_F_MAC
inline constexpr Features kNetGuestTso4 = bit(7);      // VIRTIO_NET_F_GUEST_TSO4
inline constexpr Features kNetHostTso4 = bit(11);      // VIRTIO_NET_F_HOST_TSO4
inline constexpr Features kNetMergeable = bit(15);     // VIRTIO_NET_F_MRG_RXBUF
inline constexpr Features kNetStatus = bit(16);        // VIRTIO_NET_F_STATUS
}  // namespace feature

// 5.1.4: the device's configuration, as offsets.
namespace net_config {
inline constexpr std::uint16_t kMac = 0;     // 6 bytes
inline constexpr std::uint16_t kStatus = 6;  // 16 bits
inline constexpr std::uint16_t kMtu = 10;    // 16 bits
inline constexpr std::uint16_t kStatusLinkUp = 1;
inline constexpr std::uint16_t kLeastMtu = 68;  // 5.1.4.1; RFC 791, 3.2
}  // namespace net_config

// 5.1.6: the header in front of every frame, both ways.
struct NetHeader {
  std::uint8_t flags = 0;
  std::uint8_t segmentation = 0;  // gso_type
  std::uint16_t header_bytes = 0;
  std::uint16_t segment_bytes = 0;
  std::uint16_t checksum_start = 0;
  std::uint16_t checksum_offset = 0;
  std::uint16_t buffers = 0;  // num_buffers; received frames only, 0 in others

  static constexpr std::uint8_t kNeedsChecksum = 1;
  static constexpr std::uint8_t kDataValid = 2;
  static constexpr std::uint8_t kNoSegmentation = 0;
  static constexpr std::uint8_t kTcpIpv4 = 1;  // 0x80 is added for ECN, which we don't accept

  // 5.1.6.1: legacy devices without mergeable buffers leave `buffers` off.
  static constexpr std::uint8_t kBytes = 12;
  static constexpr std::uint8_t kShortBytes = 10;
};
static_assert(sizeof(NetHeader) == NetHeader::kBytes);
static_assert(offsetof(NetHeader, checksum_start) == 6);
static_assert(offsetof(NetHeader, buffers) == NetHeader::kShortBytes);

}  // namespace mote::virtio
