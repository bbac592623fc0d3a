// Turns lwIP's frames into what the device takes.
#include "netstack/interface/transmit.hpp"

#include <algorithm>
#include <cstdint>

#include "kernel/limits.hpp"
#include "netstack/wire/checksum.hpp"
#include "netstack/wire/headers.hpp"

namespace mote::netstack {
namespace {

// Whether the bytes before the payload are the pbuf's own and unused: only if the payload follows
// the pbuf in the same block.
bool has_headroom(const struct pbuf& pbuf) {
  if ((pbuf.type_internal & PBUF_TYPE_FLAG_STRUCT_DATA_CONTIGUOUS) == 0) {
    return false;
  }
  const auto* payload = static_cast<const std::byte*>(pbuf.payload);
  const auto* room = reinterpret_cast<const std::byte*>(&pbuf) + sizeof(struct pbuf);
  return payload >= room + limits::kHeadroom;
}

// The place of a frame's TCP header.
struct TcpPlace {
  Ipv4Header* ip = nullptr;
  TcpHeader* tcp = nullptr;  // null: none, or incomplete
  std::uint16_t offset = 0;  // bytes from the frame's beginning
};

TcpPlace find_tcp(std::span<std::byte> headers) {
  constexpr std::size_t kIpOffset = sizeof(EthernetHeader);
  if (headers.size() < kIpOffset + sizeof(Ipv4Header)) {
    return {};
  }
  const auto& ethernet = *reinterpret_cast<const EthernetHeader*>(headers.data());
  auto& ip = *reinterpret_cast<Ipv4Header*>(headers.data() + kIpOffset);
  const std::size_t offset = kIpOffset + ip.header_bytes();
  if (ethernet.type != EthernetHeader::kIpv4 || ip.protocol != Ipv4Header::kTcp ||
      ip.is_fragment() || headers.size() < offset + sizeof(TcpHeader)) {
    return {};
  }
  return {&ip, reinterpret_cast<TcpHeader*>(headers.data() + offset),
          static_cast<std::uint16_t>(offset)};
}

}  // namespace

bool SegmentList::add(const void* data, std::size_t bytes) {
  if (bytes == 0) {
    return true;
  }
  if (count_ == segments_.size()) {
    return false;
  }
  segments_[count_++] = {static_cast<const std::byte*>(data), bytes};
  return true;
}

bool SegmentList::gather(const struct pbuf& frame) {
  if (!has_headroom(frame)) {
    return false;
  }
  for (const struct pbuf* piece = &frame; piece != nullptr; piece = piece->next) {
    if (!add(piece->payload, piece->len)) {
      return false;
    }
  }
  if (frame.tot_len >= EthernetHeader::kMinFrameBytes) {
    return true;
  }
  return add(kPadding.data(), EthernetHeader::kMinFrameBytes - frame.tot_len);
}

Packet copy_to_packet(const struct pbuf& frame) {
  if (frame.tot_len > Packet::kMaxFrameBytes) {
    return {};
  }
  Packet packet = Packet::allocate();
  if (!packet) {
    return {};
  }
  pbuf_copy_partial(&frame, packet.data(), frame.tot_len, 0);
  const std::size_t bytes = std::max<std::size_t>(frame.tot_len, EthernetHeader::kMinFrameBytes);
  packet.set_bytes(bytes);
  std::ranges::fill(packet.frame().subspan(frame.tot_len), std::byte{0});
  return packet;
}

void seal(struct pbuf& datagram) {
  auto& ip = *static_cast<Ipv4Header*>(datagram.payload);
  ip.checksum = 0;
  Sum sum = sum_of(ip);
  if (ip.header_bytes() > sizeof(Ipv4Header)) [[unlikely]] {
    add_bytes(
        sum, {reinterpret_cast<const std::byte*>(&ip + 1), ip.header_bytes() - sizeof(Ipv4Header)});
  }
  ip.checksum = Be16::from_raw(static_cast<std::uint16_t>(~sum.folded()));
}

TxChecksum prepare_checksum(std::span<std::byte> headers) {
  const TcpPlace place = find_tcp(headers);
  if (place.tcp == nullptr) {
    return {};
  }
  const std::size_t bytes = place.ip->total_bytes - place.ip->header_bytes();
  place.tcp->checksum =
      Be16::from_raw(pseudo_header_sum(*place.ip, static_cast<std::uint16_t>(bytes)).folded());
  return {place.offset, offsetof(TcpHeader, checksum)};
}

bool Backlog::push(struct pbuf* frame) {
  if (count_ == frames_.size()) {
    return false;
  }
  pbuf_ref(frame);
  frames_[(first_ + count_) % frames_.size()] = frame;
  ++count_;
  return true;
}

void Backlog::pop() {
  pbuf_free(frames_[first_]);
  first_ = (first_ + 1) % frames_.size();
  --count_;
  ++departures_;
}

}  // namespace mote::netstack
