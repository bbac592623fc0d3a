// The transmit ring: frames in pieces, and frames to cut.
#include "drivers/e1000/transmit_ring.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>

#include "drivers/limits.hpp"

namespace mote::e1000 {
namespace {

constexpr std::uint8_t kIpChecksumOffset = 10;    // RFC 791, 3.1
constexpr std::uint16_t kTcpChecksumOffset = 16;  // RFC 9293, 3.1; UDP's is 6
constexpr std::uint32_t kDataCommand =
    TransmitDescriptor::kExtended | TransmitDescriptor::kTypeData | TransmitDescriptor::kInsertCrc;

std::size_t bytes_of(std::span<const Piece> pieces) {
  std::size_t bytes = 0;
  for (const Piece& piece : pieces) {
    bytes += piece.bytes;
  }
  return bytes;
}

// A frame's bytes without the padding to Ethernet's shortest frame, for frames whose checksum the
// device computes. The device pads by itself (TCTL.PSP). With padding, QEMU's 82574 gets the sum
// wrong if the host leaves it to QEMU: for the pseudo-header it takes the packet to end where the
// frame does.
std::size_t without_padding(const Piece& headers, std::size_t bytes, TxChecksum checksum) {
  constexpr std::size_t kShortest = 60;
  constexpr std::size_t kIpLength = kEthernetHeaderBytes + 2;  // RFC 791, 3.1: big-endian
  const std::size_t least = checksum.start + checksum.offset + sizeof(std::uint16_t);
  if (bytes > kShortest || least >= bytes || headers.bytes < kIpLength + 2 ||
      (headers.data[kEthernetHeaderBytes] >> 4) != std::byte{4}) {
    return bytes;
  }
  const auto packet_bytes = std::to_integer<std::size_t>(headers.data[kIpLength]) << 8 |
                            std::to_integer<std::size_t>(headers.data[kIpLength + 1]);
  return std::clamp(kEthernetHeaderBytes + packet_bytes, least, bytes);
}

// Whether a frame to cut obeys the contract and the device's limits.
bool can_be_cut(const TxFrame& frame, std::size_t bytes) {
  constexpr std::size_t kMostHeaders = 240;  // 3.5.5
  const std::size_t headers = frame.cut.header_bytes;
  return frame.checksum.start != 0 && headers <= kMostHeaders &&
         headers >= frame.checksum.start + frame.checksum.offset + sizeof(std::uint16_t) &&
         bytes > headers && frame.segments[0].bytes >= headers &&
         bytes - headers <= limits::kTxPayloadBytes;
}

// Bytes of payload for one descriptor. The manual gives no limit. According to Linux's e1000
// driver, an 8254x makes room in its FIFO for about four frames before it reads a descriptor's
// data, and all drivers stay within 4 KiB per descriptor. Many short frames would fill up the ring;
// they get longer descriptors, which with their headers still fit into the FIFO's 16 KiB.
std::uint32_t longest_part(std::uint32_t payload, std::uint16_t frame_bytes) {
  constexpr std::uint32_t kMost = 4096;
  constexpr std::uint32_t kFrames = 4;
  const std::uint32_t share = (payload + TransmitRing::kCutParts - 1) / TransmitRing::kCutParts;
  return std::min(kMost, std::max(kFrames * frame_bytes, share));
}

}  // namespace

bool TransmitRing::transmit(Packet& packet, TxChecksum checksum, DeviceCounters& counters) {
  const std::array<Piece, 1> piece = {{{packet.data(), packet.bytes()}}};
  if (!lend(piece, checksum, nullptr, packet.index(), counters)) {
    return false;
  }
  static_cast<void>(packet.release());
  return true;
}

bool TransmitRing::transmit(const TxFrame& frame, DeviceCounters& counters) {
  if (frame.segments.size() > limits::kTxSegments) {
    return false;
  }
  return frame.cut.payload_bytes == 0
             ? lend(frame.segments, frame.checksum, frame.cookie, PacketIndex::kNone, counters)
             : lend_cut(frame, counters);
}

bool TransmitRing::lend(std::span<const Piece> pieces, TxChecksum checksum, void* cookie,
                        PacketIndex packet, DeviceCounters& counters) {
  std::size_t bytes = bytes_of(pieces);
  if (bytes == 0 || bytes > TransmitDescriptor::kMostBytes) [[unlikely]] {
    return false;
  }
  if (free() < pieces.size() + 1 + (after_cut_ ? 1 : 0)) {  // one for a context, one for the end
                                                            // set apart
    ++counters.tx_full;
    return false;
  }
  const std::uint16_t first = filled_;
  Kind kind = {.command = kDataCommand, .options = 0};
  if (checksum.start != 0) {
    kind.options = TransmitDescriptor::kInsertTcpSum;
    bytes = without_padding(pieces[0], bytes, checksum);
    if (checksum.start != context_.start || checksum.offset != context_.offset) {
      put_context(checksum, {}, 0);
    }
  }
  ++counters.tx_frames;
  counters.tx_bytes += bytes;
  const std::uint16_t data = filled_;
  for (const Piece& piece : pieces) {
    const auto some = static_cast<std::uint32_t>(std::min<std::size_t>(piece.bytes, bytes));
    put_data({piece.data, some}, TransmitDescriptor::kMostBytes, kind);
    bytes -= some;
  }
  if (after_cut_ && static_cast<std::uint16_t>(filled_ - data) == 1) {
    set_end_apart();
    after_cut_ = false;
  }
  finish(first, cookie, packet);
  return true;
}

// 3.5 (82574, 7.3): the headers get a descriptor of their own, as 3.5.6 recommends.
//
// QEMU's models have quirks. After a payload of whole frames its 8254x send the headers once more,
// alone, which the peer ignores. The 82574 of version 7.2 makes IP fragments of the segment if the
// network behind it can't take long ones, as a tap can.
bool TransmitRing::lend_cut(const TxFrame& frame, DeviceCounters& counters) {
  const std::size_t bytes = bytes_of(frame.segments);
  if (!can_be_cut(frame, bytes)) [[unlikely]] {
    return false;
  }
  if (free() < kMostOfCut) {
    ++counters.tx_full;
    return false;
  }
  const std::uint16_t first = filled_;
  const std::uint16_t headers = frame.cut.header_bytes;
  const auto payload = static_cast<std::uint32_t>(bytes - headers);
  put_context(frame.checksum, frame.cut, payload);
  constexpr Kind kKind = {
      .command = kDataCommand | TransmitDescriptor::kSegmentation,
      .options = TransmitDescriptor::kInsertIpSum | TransmitDescriptor::kInsertTcpSum};
  const std::uint32_t longest = longest_part(payload, frame.cut.payload_bytes);
  const Piece& start = frame.segments[0];
  put_data({start.data, headers}, headers, kKind);
  put_data({start.data + headers, start.bytes - headers}, longest, kKind);
  for (const Piece& piece : frame.segments.subspan(1)) {
    put_data(piece, longest, kKind);
  }
  set_end_apart();
  after_cut_ = true;
  finish(first, frame.cookie, PacketIndex::kNone);
  ++counters.tx_frames;
  counters.tx_bytes += bytes;
  return true;
}

// 3.3.6: the sum runs from TUCSS to the frame's end. IP's own is requested only with a cut, but its
// fields are always filled in, for an IPv4 header between Ethernet's and TCP's.
void TransmitRing::put_context(TxChecksum checksum, TxCut cut, std::uint32_t payload) {
  using Descriptor = TransmitDescriptor;
  const ContextOffsets offsets = {
      .ip_start = kEthernetHeaderBytes,
      .ip_offset = kEthernetHeaderBytes + kIpChecksumOffset,
      .ip_end = static_cast<std::uint16_t>(checksum.start - 1),
      .tcp_start = static_cast<std::uint8_t>(checksum.start),
      .tcp_offset = static_cast<std::uint8_t>(checksum.start + checksum.offset),
      .tcp_end = 0};
  const bool cuts = cut.payload_bytes != 0;
  const std::uint32_t kind = (checksum.offset == kTcpChecksumOffset ? Descriptor::kContextTcp : 0) |
                             (cuts ? Descriptor::kSegmentation | payload : 0);
  descriptors_[filled_++ % kEntries] = {
      .address = std::bit_cast<std::uint64_t>(offsets),
      .command = Descriptor::kExtended | Descriptor::kTypeContext | Descriptor::kContextIpv4 | kind,
      .options = static_cast<std::uint8_t>(cut.header_bytes),
      .special = cut.payload_bytes};
  context_ = cuts ? TxChecksum{} : checksum;
}

// Adds no descriptor for an empty piece: such descriptors have no defined meaning.
void TransmitRing::put_data(Piece piece, std::uint32_t longest, Kind kind) {
  auto address = reinterpret_cast<std::uintptr_t>(piece.data);
  for (auto left = static_cast<std::uint32_t>(piece.bytes); left != 0;) {
    const std::uint32_t some = std::min(left, longest);
    descriptors_[filled_++ % kEntries] = {
        .address = address, .command = kind.command | some, .options = kind.options};
    address += some;
    left -= some;
  }
}

// Gives the last four bytes a descriptor of their own. An 82546GB may report a descriptor of a cut
// frame as done before it has read all its data, unless that data is short (82546GB Specification
// Update, June 2006, erratum 1, which gives this remedy). Linux and FreeBSD do it for all 8254x,
// and also for the first frame in a single descriptor after a cut one.
void TransmitRing::set_end_apart() {
  constexpr std::uint32_t kEnd = 4;
  TransmitDescriptor& last = descriptors_[static_cast<std::uint16_t>(filled_ - 1) % kEntries];
  const std::uint32_t bytes = last.command & TransmitDescriptor::kMostBytes;
  if (bytes <= 2 * kEnd) {
    return;
  }
  last.command -= kEnd;
  descriptors_[filled_++ % kEntries] = {
      .address = last.address + bytes - kEnd,
      .command = (last.command & ~TransmitDescriptor::kMostBytes) | kEnd,
      .options = last.options};
}

void TransmitRing::finish(std::uint16_t first, void* cookie, PacketIndex packet) {
  const auto last = static_cast<std::uint16_t>(filled_ - 1);
  descriptors_[last % kEntries].command |=
      TransmitDescriptor::kEndOfPacket | TransmitDescriptor::kReportStatus;
  slots_[first % kEntries] = {cookie, packet, static_cast<std::uint16_t>(filled_ - first)};
}

}  // namespace mote::e1000
