// The frame of a TCP segment: its headers, and its data as pieces of a queue.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "drivers/limits.hpp"
#include "drivers/net_device.hpp"
#include "netstack/sender/block.hpp"
#include "netstack/sender/queue.hpp"
#include "netstack/sender/sequence.hpp"
#include "netstack/wire/headers.hpp"

namespace mote::netstack {

// RFC 9293, 3.1, and RFC 3168, 6.1: the flags that we set ourselves.
namespace tcp_flags {
inline constexpr std::uint16_t kFin = 0x001;
inline constexpr std::uint16_t kSyn = 0x002;
inline constexpr std::uint16_t kPush = 0x008;
inline constexpr std::uint16_t kAck = 0x010;
inline constexpr std::uint16_t kEcnEcho = 0x040;
inline constexpr std::uint16_t kCongestionWindowReduced = 0x080;
}  // namespace tcp_flags

// The fields of a segment's headers. Addresses as on the wire; the rest in the host's order.
struct SegmentFields {
  std::uint32_t source;
  std::uint32_t destination;
  std::uint16_t source_port;
  std::uint16_t destination_port;
  Sequence sequence;
  std::uint32_t acknowledgement;
  std::uint16_t window;
  std::uint16_t flags;
  std::uint16_t cut_bytes;  // of payload in each frame that the device cuts; 0: it is one frame
  bool may_fragment;        // routers may
  bool is_ecn_capable;      // ECT(0) (RFC 3168, 5)
};

// The device's part in a frame (drivers/net_device.hpp).
struct FrameWork {
  TxChecksum checksum;
  TxCut cut;
};

// Writes the headers of a segment with this much data, and leaves to the device what it offers: the
// checksum, and cutting. A device that offers neither gets the checksum by `finish_checksum`.
[[nodiscard]] FrameWork write_headers(FrameHeaders& headers, const EthernetHeader& station,
                                      const SegmentFields& fields, std::uint32_t bytes,
                                      const Offloads& offloads);

// Brings headers of a connection's earlier frame up to date, for one that isn't cut and leaves its
// checksum to the device. Only these fields differ.
[[gnu::always_inline]] inline void refresh_headers(FrameHeaders& headers, Sequence sequence,
                                                   std::uint32_t acknowledgement,
                                                   std::uint16_t window, std::uint32_t bytes) {
  const auto tcp_bytes = static_cast<std::uint16_t>(sizeof(TcpHeader) + bytes);
  headers.tcp.sequence = sequence.value;
  headers.tcp.acknowledgement = acknowledgement;
  headers.tcp.offset_and_flags = TcpHeader::kNoOptions | tcp_flags::kAck | tcp_flags::kPush;
  headers.tcp.window = window;
  headers.ip.total_bytes = static_cast<std::uint16_t>(sizeof(Ipv4Header) + tcp_bytes);
  headers.ip.checksum = 0;
  headers.ip.checksum = Be16::from_raw(static_cast<std::uint16_t>(~sum_of(headers.ip).folded()));
  headers.tcp.checksum = Be16::from_raw(pseudo_header_sum(headers.ip, tcp_bytes).folded());
}

inline constexpr TxChecksum kTcpChecksum{sizeof(EthernetHeader) + sizeof(Ipv4Header),
                                         offsetof(TcpHeader, checksum)};

// Completes the checksum of a segment whose pseudo-header's sum is in its place.
void finish_checksum(FrameHeaders& headers, const SendQueue::Part& part);

// A frame's pieces for a device, padded to the shortest frame.
struct FramePieces {
  std::array<Piece, limits::kTxSegments> pieces;
  std::size_t count = 0;

  [[nodiscard]] std::span<const Piece> all() const { return {pieces.data(), count}; }
};

// `in_place`: the headers are those of the part's own block, right in front of its text.
void list_pieces(const Block& head, const SendQueue::Part& part, bool in_place, FramePieces& frame);

}  // namespace mote::netstack
