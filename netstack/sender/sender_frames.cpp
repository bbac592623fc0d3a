// A sender's segments on their way to the device: what of the queue they hold, and their headers.
#include <algorithm>

#include "lwip/priv/tcp_priv.h"
#include "lwip/stats.h"
#include "netstack/interface/attachment.hpp"
#include "netstack/sender/sender.hpp"

namespace mote::netstack {

// The segment's range becomes as short as its frame must be.
Sender::Sent Sender::transmit(NextSegment& segment) {
  EthernetHeader caller;
  const EthernetHeader* const station =
      attachment_->station_for(ip4_addr_get_u32(ip_2_ip4(&pcb_->remote_ip)), caller);
  SendQueue::Part part;
  read(segment, station == nullptr ? recovery_.mss() : ~std::uint32_t{0}, part);
  const SegmentFields fields = fields_for(segment, part.bytes);
  if (station == nullptr) {
    if (!give_to_lwip(fields, part)) {
      return Sent::kYes;  // and lost, with its acknowledgement
    }
  } else if (give_to_device(*station, fields, part, segment.kind == NextSegment::Kind::kNew) ==
             Sent::kNoRoom) {
    attachment_->waiting().add(*this);
    return Sent::kNoRoom;
  }
  note_acknowledged();
  return Sent::kYes;
}

// A segment has told the peer what arrived, and our window.
void Sender::note_acknowledged() {
  tcp_clear_flags(pcb_, TF_ACK_DELAY | TF_ACK_NOW);
  pcb_->rcv_ann_right_edge = pcb_->rcv_nxt + pcb_->rcv_ann_wnd;
  TCP_STATS_INC(tcp.xmit);
}

// Reads the segment's data, at most `most` bytes. What a frame doesn't take is left for the next,
// and so is the FIN behind it.
void Sender::read(NextSegment& segment, std::uint32_t most, SendQueue::Part& part) {
  part.clear();
  if (segment.kind == NextSegment::Kind::kProbe) {
    return;
  }
  const std::uint32_t offset = segment.range.begin - recovery_.acknowledged();
  const std::uint32_t all = segment.range.bytes();
  const std::uint32_t data = std::min({all, queue_.bytes() - offset, most});
  if (data != 0) {
    queue_.read(offset, data, part);
  }
  const bool reaches_fin = offset + part.bytes == queue_.bytes() && part.bytes < all;
  segment.range.end = segment.range.begin + part.bytes + (reaches_fin ? 1U : 0U);
}

std::uint16_t Sender::flags_for(const NextSegment& segment, std::uint32_t bytes) const {
  const struct tcp_pcb& pcb = *pcb_;
  const Sequence end_of_data{pcb.snd_lbb - (has_fin_ ? 1U : 0U)};
  const bool is_probe = segment.kind == NextSegment::Kind::kProbe;
  std::uint16_t flags = tcp_flags::kAck;
  if (!is_probe && segment.range.end == Sequence{pcb.snd_lbb}) {
    flags |= static_cast<std::uint16_t>((has_fin_ ? tcp_flags::kFin : 0U) |
                                        (bytes != 0 ? tcp_flags::kPush : 0U));
  } else if (!is_probe && segment.range.end == end_of_data) {
    flags |= tcp_flags::kPush;
  }
  if ((pcb.flags & TF_ECN_ECHO) != 0) {
    flags |= tcp_flags::kEcnEcho;
  }
  if (bytes != 0 && has_cwr(segment)) {
    flags |= tcp_flags::kCongestionWindowReduced;
  }
  return flags;
}

SegmentFields Sender::fields_for(const NextSegment& segment, std::uint32_t bytes) const {
  const struct tcp_pcb& pcb = *pcb_;
  const bool is_probe = segment.kind == NextSegment::Kind::kProbe;
  const std::uint32_t mss = recovery_.mss();
  return {.source = ip4_addr_get_u32(ip_2_ip4(&pcb.local_ip)),
          .destination = ip4_addr_get_u32(ip_2_ip4(&pcb.remote_ip)),
          .source_port = pcb.local_port,
          .destination_port = pcb.remote_port,
          .sequence = is_probe ? Sequence{pcb.lastack - 1} : segment.range.begin,
          .acknowledgement = pcb.rcv_nxt,
          .window = static_cast<std::uint16_t>(TCPWND_MIN16(RCV_WND_SCALE(&pcb, pcb.rcv_ann_wnd))),
          .flags = flags_for(segment, bytes),
          .cut_bytes = static_cast<std::uint16_t>(bytes > mss && !segment.is_path_probe ? mss : 0),
          .may_fragment = (pcb.flags & TF_FRAGMENT) != 0,
          // RFC 3168, 6.1.4 to 6.1.6: only data, when it is sent first.
          .is_ecn_capable =
              (pcb.flags & TF_ECN) != 0 && bytes != 0 && segment.kind == NextSegment::Kind::kNew};
}

// The block where the part begins serves for the headers, too, unless a device reads it still.
Sender::Sent Sender::give_to_device(const EthernetHeader& station, const SegmentFields& fields,
                                    const SendQueue::Part& part, bool is_new) {
  const bool in_place = part.blocks == 1 && part.begins_block && part.first->holders == 1;
  Block* const head = in_place ? part.first : blocks::take_for_frame(attachment_->index());
  if (head == nullptr) {
    return Sent::kNoRoom;
  }
  if (in_place) {
    ++head->holders;
    head->has_headers = is_new;  // a new segment's may be ECN-capable
  } else {
    blocks::cover(*head, part.first, part.blocks);
  }
  const FrameWork work =
      write_headers(head->headers, station, fields, part.bytes, attachment_->offloads());
  if (!attachment_->offloads().tx_checksum) {
    finish_checksum(head->headers, part);
  }
  FramePieces frame;
  list_pieces(*head, part, in_place, frame);
  if (!attachment_->transmit({frame.all(), work.checksum, blocks::cookie_of(*head), work.cut})) {
    blocks::frame_sent(*head);
    return Sent::kNoRoom;
  }
  return Sent::kYes;
}

// For a station that isn't known, or no longer for sure: lwIP asks for it, and keeps a copy of the
// segment meanwhile. False: there was no memory for that.
bool Sender::give_to_lwip(const SegmentFields& fields, const SendQueue::Part& part) {
  constexpr std::size_t kHeaders = sizeof(Ipv4Header) + sizeof(TcpHeader);
  struct pbuf* const datagram =
      pbuf_alloc(PBUF_LINK, static_cast<u16_t>(kHeaders + part.bytes), PBUF_RAM);
  if (datagram == nullptr) {
    return false;
  }
  FrameHeaders headers;
  (void)write_headers(headers, {}, fields, part.bytes, attachment_->offloads());
  if (!attachment_->offloads().tx_checksum) {
    finish_checksum(headers, part);
  }
  auto* at = static_cast<std::byte*>(datagram->payload);
  __builtin_memcpy(at, &headers.ip, kHeaders);
  at += kHeaders;
  for (const Piece& piece : std::span(part.pieces).first(part.count)) {
    __builtin_memcpy(at, piece.data, piece.bytes);
    at += piece.bytes;
  }
  attachment_->send_datagram(*datagram, fields.destination);
  pbuf_free(datagram);
  return true;
}

}  // namespace mote::netstack
