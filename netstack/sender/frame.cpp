// Writes frames' headers as RFC 791 and RFC 9293, 3.1, have them.
#include "netstack/sender/frame.hpp"

#include <algorithm>

#include "mote_hooks.h"
#include "netstack/wire/checksum.hpp"

namespace mote::netstack {
namespace {

constexpr std::uint8_t kEcnCapable = 0b10;  // RFC 3168, 5: ECT(0)

// The sum over a segment's data. A piece at an odd offset counts with its bytes exchanged (RFC
// 1071, 2 B).
void add_data(Sum& sum, const SendQueue::Part& part) {
  std::size_t offset = 0;
  for (const Piece& piece : std::span(part.pieces).first(part.count)) {
    Sum own;
    add_bytes(own, {piece.data, piece.bytes});
    const std::uint16_t folded = own.folded();
    sum.add(offset % 2 == 0 ? folded : std::rotl(folded, 8));
    offset += piece.bytes;
  }
}

}  // namespace

FrameWork write_headers(FrameHeaders& headers, const EthernetHeader& station,
                        const SegmentFields& fields, std::uint32_t bytes,
                        const Offloads& offloads) {
  const auto tcp_bytes = static_cast<std::uint16_t>(sizeof(TcpHeader) + bytes);
  headers.ethernet = station;
  headers.ip = {.version_and_words = Ipv4Header::kVersion4NoOptions,
                .type_of_service = fields.is_ecn_capable ? kEcnCapable : std::uint8_t{0},
                .total_bytes = static_cast<std::uint16_t>(sizeof(Ipv4Header) + tcp_bytes),
                .identification = 0,
                .flags_and_offset = Ipv4Header::kDontFragment,
                .time_to_live = Ipv4Header::kDefaultTtl,
                .protocol = Ipv4Header::kTcp,
                .checksum = 0,
                .source = Be32::from_raw(fields.source),
                .destination = Be32::from_raw(fields.destination)};
  if (fields.may_fragment) [[unlikely]] {
    headers.ip.flags_and_offset = 0;
    headers.ip.identification = mote_ip_id();
  }
  headers.tcp = {
      .source_port = fields.source_port,
      .destination_port = fields.destination_port,
      .sequence = fields.sequence.value,
      .acknowledgement = fields.acknowledgement,
      .offset_and_flags = static_cast<std::uint16_t>(TcpHeader::kNoOptions | fields.flags),
      .window = fields.window,
      .checksum = 0,
      .urgent = 0};
  const bool lacks_length =
      fields.cut_bytes != 0 && offloads.segmentation != Segmentation::kWholeLength;
  const Sum sum = pseudo_header_sum(headers.ip, lacks_length ? std::uint16_t{0} : tcp_bytes);
  if (!lacks_length) {
    headers.ip.checksum = Be16::from_raw(static_cast<std::uint16_t>(~sum_of(headers.ip).folded()));
  } else if (offloads.segmentation == Segmentation::kNoLength) {
    headers.ip.total_bytes = 0;
  }
  headers.tcp.checksum = Be16::from_raw(sum.folded());
  if (!offloads.tx_checksum) {
    return {};
  }
  FrameWork work{kTcpChecksum, {}};
  if (fields.cut_bytes != 0) {
    work.cut = {sizeof(FrameHeaders), fields.cut_bytes};
  }
  return work;
}

void finish_checksum(FrameHeaders& headers, const SendQueue::Part& part) {
  Sum sum;
  add_bytes(sum, std::as_bytes(std::span(&headers.tcp, 1)));
  add_data(sum, part);
  headers.tcp.checksum = Be16::from_raw(static_cast<std::uint16_t>(~sum.folded()));
}

void list_pieces(const Block& head, const SendQueue::Part& part, bool in_place,
                 FramePieces& frame) {
  frame.pieces[0] = {reinterpret_cast<const std::byte*>(&head.headers), sizeof(FrameHeaders)};
  std::span data = std::span(part.pieces).first(part.count);
  if (in_place && head.text_bytes != 0) {
    frame.pieces[0].bytes += data.front().bytes;
    data = data.subspan(1);
  }
  frame.count = 1;
  for (const Piece& piece : data) {
    frame.pieces[frame.count++] = piece;
  }
  const std::size_t bytes = sizeof(FrameHeaders) + part.bytes;
  if (bytes < EthernetHeader::kMinFrameBytes) {
    frame.pieces[frame.count++] = {kPadding.data(), EthernetHeader::kMinFrameBytes - bytes};
  }
}

}  // namespace mote::netstack
