// Received frames as lwIP's pbufs: over the packet's own buffer, or copied out of it.
#pragma once

#include <cstddef>
#include <span>

#include "kernel/memory/packet.hpp"
#include "lwip/pbuf.h"

namespace mote::netstack {

// A pbuf over the packet's frame, from byte `offset` on. The packet returns to the pool when lwIP
// frees the pbuf. Never null: there is such a pbuf for each packet.
[[nodiscard]] struct pbuf* adopt_packet(Packet packet, std::size_t offset = 0);

// A pbuf of lwIP's own pool with a copy of the frame; null if the pool is empty.
[[nodiscard]] struct pbuf* copy_frame(std::span<const std::byte> frame);

// The same for a frame in several packets, 65,535 bytes at most.
[[nodiscard]] struct pbuf* adopt_packets(std::span<Packet> pieces);
[[nodiscard]] struct pbuf* copy_frame(std::span<const Packet> pieces);

}  // namespace mote::netstack
