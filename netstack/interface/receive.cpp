// Received frames as lwIP's pbufs.
#include "netstack/interface/receive.hpp"

#include <array>
#include <utility>

#include "kernel/limits.hpp"

namespace mote::netstack {
namespace {

// The pbuf of each packet, at its index.
constinit std::array<struct pbuf_custom, limits::kPackets> packet_pbufs{};

void return_packet(struct pbuf* pbuf) {
  const auto index = reinterpret_cast<struct pbuf_custom*>(pbuf) - packet_pbufs.data();
  const Packet freed = Packet::adopt(static_cast<PacketIndex>(index), 0);
}

}  // namespace

struct pbuf* adopt_packet(Packet packet, std::size_t offset) {
  std::byte* const start = packet.data() + offset;
  const auto bytes = static_cast<u16_t>(packet.bytes() - offset);
  auto& custom = packet_pbufs[std::to_underlying(packet.release())];
  custom.custom_free_function = return_packet;
  // PBUF_REF, because the frame doesn't follow its pbuf in memory: headers are never put before it.
  return pbuf_alloced_custom(PBUF_RAW, bytes, PBUF_REF, &custom, start, bytes);
}

struct pbuf* copy_frame(std::span<const std::byte> frame) {
  const auto bytes = static_cast<u16_t>(frame.size());
  struct pbuf* copy = pbuf_alloc(PBUF_RAW, bytes, PBUF_POOL);
  if (copy != nullptr) {
    pbuf_take(copy, frame.data(), bytes);
  }
  return copy;
}

struct pbuf* adopt_packets(std::span<Packet> pieces) {
  struct pbuf* frame = adopt_packet(std::move(pieces.front()));
  for (Packet& piece : pieces.subspan(1)) {
    pbuf_cat(frame, adopt_packet(std::move(piece)));
  }
  return frame;
}

struct pbuf* copy_frame(std::span<const Packet> pieces) {
  std::size_t bytes = 0;
  for (const Packet& piece : pieces) {
    bytes += piece.bytes();
  }
  struct pbuf* copy = pbuf_alloc(PBUF_RAW, static_cast<u16_t>(bytes), PBUF_POOL);
  if (copy == nullptr) {
    return nullptr;
  }
  std::size_t at = 0;
  for (const Packet& piece : pieces) {
    const auto length = static_cast<u16_t>(piece.bytes());
    pbuf_take_at(copy, piece.data(), length, static_cast<u16_t>(at));
    at += length;
  }
  return copy;
}

}  // namespace mote::netstack
