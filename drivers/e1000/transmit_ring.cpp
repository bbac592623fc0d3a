// The transmit ring: frames in pieces.
#include "drivers/e1000/transmit_ring.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>

namespace mote::e1000 {
namespace {

constexpr std::uint8_t kEthernetHeaderBytes = 14;
constexpr std::uint8_t kIpChecksumOffset = 10;    // RFC 791, 3.1
constexpr std::uint16_t kTcpChecksumOffset = 16;  // RFC 9293, 3.1; UDP's is 6

std::size_t bytes_of(std::span<const TxSegment> pieces) {
  std::size_t bytes = 0;
  for (const TxSegment& piece : pieces) {
    bytes += piece.bytes;
  }
  return bytes;
}

// Bytes of a frame with a checksum to compute, less what pads it to Ethernet's shortest. The device
// pads by itself (TCTL.PSP); and QEMU's 82574, where the host doesn't sum in its place, takes the
// frame's end for the packet's in the pseudo-header, so that padding makes its sums wrong.
std::size_t without_padding(const TxSegment& headers, std::size_t bytes, TxChecksum checksum) {
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

}  // namespace

bool TransmitRing::transmit(Packet& packet, TxChecksum checksum, DeviceCounters& counters) {
  const std::array<TxSegment, 1> piece = {
      {{packet.data(), static_cast<std::uint32_t>(packet.bytes())}}};
  if (!lend(piece, checksum, nullptr, packet.index(), counters)) {
    return false;
  }
  static_cast<void>(packet.release());
  return true;
}

bool TransmitRing::transmit(const TxFrame& frame, DeviceCounters& counters) {
  return frame.segments.size() <= limits::kTxSegments &&
         lend(frame.segments, frame.checksum, frame.cookie, PacketIndex::kNone, counters);
}

bool TransmitRing::lend(std::span<const TxSegment> pieces, TxChecksum checksum, void* cookie,
                        PacketIndex packet, DeviceCounters& counters) {
  using Descriptor = TransmitDescriptor;
  std::size_t bytes = bytes_of(pieces);
  if (bytes == 0 || bytes > Descriptor::kMostBytes) [[unlikely]] {
    return false;
  }
  if (free() < pieces.size() + 1) {  // one for a context
    ++counters.tx_full;
    return false;
  }
  const std::uint16_t first = filled_;
  const bool summed = checksum.start != 0;
  if (summed) {
    bytes = without_padding(pieces[0], bytes, checksum);
    if (checksum.start != context_.start || checksum.offset != context_.offset) {
      put_context(checksum);
    }
  }
  ++counters.tx_frames;
  counters.tx_bytes += bytes;
  std::uint32_t* last_command = nullptr;
  for (const TxSegment& piece : pieces) {
    const auto some = static_cast<std::uint32_t>(std::min<std::size_t>(piece.bytes, bytes));
    if (some == 0) {
      continue;  // a descriptor without data is not defined to do anything
    }
    bytes -= some;
    Descriptor& descriptor = descriptors_[filled_++ % kEntries];
    descriptor = {
        .address = reinterpret_cast<std::uintptr_t>(piece.data),
        .command = Descriptor::kExtended | Descriptor::kTypeData | Descriptor::kInsertCrc | some,
        .options = summed ? Descriptor::kInsertTcpSum : std::uint8_t{0}};
    last_command = &descriptor.command;
  }
  *last_command |= Descriptor::kEndOfPacket | Descriptor::kReportStatus;
  slots_[first % kEntries] = {cookie, packet, static_cast<std::uint16_t>(filled_ - first)};
  return true;
}

// 3.3.6: the sum runs from TUCSS to the frame's end. IP's own is not asked for; its fields are
// filled in all the same, as they would be for an IPv4 header between Ethernet's and TCP's.
void TransmitRing::put_context(TxChecksum checksum) {
  using Descriptor = TransmitDescriptor;
  const ContextOffsets offsets = {
      .ip_start = kEthernetHeaderBytes,
      .ip_offset = kEthernetHeaderBytes + kIpChecksumOffset,
      .ip_end = static_cast<std::uint16_t>(checksum.start - 1),
      .tcp_start = static_cast<std::uint8_t>(checksum.start),
      .tcp_offset = static_cast<std::uint8_t>(checksum.start + checksum.offset),
      .tcp_end = 0};
  const std::uint32_t kind = checksum.offset == kTcpChecksumOffset ? Descriptor::kContextTcp : 0;
  descriptors_[filled_++ % kEntries] = {.address = std::bit_cast<std::uint64_t>(offsets),
                                        .command = Descriptor::kExtended |
                                                   Descriptor::kTypeContext |
                                                   Descriptor::kContextIpv4 | kind};
  context_ = checksum;
}

}  // namespace mote::e1000
