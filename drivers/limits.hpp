// The limits common to all drivers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mote::limits {

// Largest IP packet sent or received, in bytes (Ethernet's own MTU; jumbo frames are not used).
inline constexpr std::uint16_t kMtu = 1500;

// Buffers that one NIC keeps posted for receive, whatever its queue size.
inline constexpr std::size_t kReceiveBuffers = 256;

// Entries of the largest virtqueue supported (QEMU's maximum).
inline constexpr std::size_t kQueueEntries = 1024;

// Pieces of one transmitted frame. A frame in more pieces is copied into one buffer first.
inline constexpr std::size_t kTxSegments = 8;

// Bytes of TCP payload in a segment that the device cuts into frames: 44 of Ethernet's segments,
// the most that stay within IP's 65,535 bytes.
inline constexpr std::uint16_t kTxPayloadBytes = 44 * 1460;

// Packets that one frame received in pieces may fill: enough for IP's 65,535 bytes.
inline constexpr std::size_t kRxPieces = 34;

// Bytes from which drivers carve their rings, once, at bring-up. Less on a machine with little RAM.
inline constexpr std::size_t kDmaArenaBytes = 512 * 1024;

}  // namespace mote::limits
