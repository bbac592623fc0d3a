// The short ways of a reply, what nearly every request on a kept connection gets, and of an ACK.
//
// The request acknowledges all that was sent before, and the reply is one segment, so there is
// nothing to decide: the queue's block is filled anew, with headers in front, and goes to the
// device as it lies. Afterwards everything is as if take, write_message and send had been called.
#include "lwip/priv/tcp_priv.h"
#include "lwip/stats.h"
#include "netstack/interface/attachment.hpp"
#include "netstack/sender/sender.hpp"

namespace mote::netstack {
namespace {

// Fills an empty block with a message, and lists the pieces of its frame.
[[gnu::always_inline]] inline void fill(Block& block, std::span<const Piece> pieces,
                                        std::uint32_t bytes, FramePieces& frame) {
  const Piece& head = pieces.front();
  __builtin_memcpy(block.text.data(), head.data, head.bytes);
  block.text_bytes = static_cast<std::uint16_t>(head.bytes);
  block.bytes = bytes;
  frame.pieces[0] = {reinterpret_cast<const std::byte*>(&block.headers),
                     sizeof(FrameHeaders) + head.bytes};
  std::size_t count = 0;
  for (const Piece& piece : pieces.subspan(1)) {
    block.data[count] = piece.data;
    block.lengths[count] = static_cast<std::uint32_t>(piece.bytes);
    frame.pieces[++count] = piece;
  }
  block.references = static_cast<std::uint8_t>(count);
  frame.count = count + 1;
}

// In two words that overlap.
bool is_same(const EthernetHeader& a, const EthernetHeader& b) {
  const auto* const first = reinterpret_cast<const std::byte*>(&a);
  const auto* const second = reinterpret_cast<const std::byte*>(&b);
  constexpr std::size_t kEnd = sizeof(EthernetHeader) - sizeof(std::uint64_t);
  return load_word<std::uint64_t>(first) == load_word<std::uint64_t>(second) &&
         load_word<std::uint64_t>(first + kEnd) == load_word<std::uint64_t>(second + kEnd);
}

}  // namespace

[[gnu::noinline]] void Sender::write_new_headers(Block& block, const EthernetHeader& station,
                                                 std::uint32_t bytes) const {
  const SegmentFields fields =
      fields_for({NextSegment::Kind::kNew, {{pcb_->snd_nxt}, {pcb_->snd_lbb}}}, bytes);
  (void)write_headers(block.headers, station, fields, bytes, attachment_->offloads());
  block.has_headers = true;
}

bool Sender::reply(const Arrival& arrival, std::span<const Piece> pieces, std::size_t size,
                   bool is_last, Nanoseconds now) {
  struct tcp_pcb& pcb = *pcb_;
  const std::size_t fin = is_last ? 1 : 0;
  if (!recovery_.is_calm_until({arrival.acknowledgement}) || waits_in_ != nullptr ||
      size + fin > recovery_.mss() || size + fin > arrival.window ||
      size + sizeof(FrameHeaders) < EthernetHeader::kMinFrameBytes ||
      pieces.front().bytes > limits::kFirstTextBytes || !attachment_->offloads().tx_checksum) {
    return false;
  }
  EthernetHeader caller;
  const EthernetHeader* const station =
      attachment_->station_for(ip4_addr_get_u32(ip_2_ip4(&pcb.remote_ip)), caller);
  Block* const block = station != nullptr ? queue_.restart() : nullptr;
  if (block == nullptr) {
    return false;
  }
  const auto bytes = static_cast<std::uint32_t>(size);
  const auto range_bytes = static_cast<std::uint32_t>(size + fin);
  recovery_.take_calm_ack(now);
  pcb.tmr = tcp_ticks;
  pcb.keep_cnt_sent = 0;
  pcb.rcv_nxt += arrival.text_bytes;
  tcp_update_rcv_ann_wnd(&pcb);
  TCP_STATS_INC(tcp.recv);
  pcb.snd_wnd = arrival.window;
  pcb.snd_wnd_max = std::max(pcb.snd_wnd_max, arrival.window);
  pcb.snd_wl1 = arrival.sequence;
  pcb.snd_wl2 = pcb.lastack = arrival.acknowledgement;
  FramePieces frame;
  fill(*block, pieces, bytes, frame);
  queue_.note_filled(bytes);
  pcb.snd_lbb += range_bytes;
  has_fin_ = is_last;

  if (!is_last && block->has_headers && is_same(block->headers.ethernet, *station) &&
      (pcb.flags & TF_FRAGMENT) == 0) [[likely]] {
    refresh_headers(block->headers, {pcb.snd_nxt}, pcb.rcv_nxt,
                    static_cast<std::uint16_t>(RCV_WND_SCALE(&pcb, pcb.rcv_ann_wnd)), bytes);
  } else {
    write_new_headers(*block, *station, bytes);
  }
  if (!attachment_->transmit({frame.all(), kTcpChecksum, blocks::cookie_of(*block)})) {
    attachment_->waiting().add(*this);
    tcp_set_flags(pcb_, TF_ACK_DELAY);  // in case it waits for long
    tcp_wake(pcb_);
    return true;
  }
  ++block->holders;
  recovery_.note_calm_sent(now, range_bytes, true);
  pcb.snd_nxt = pcb.snd_lbb;
  pcb.rcv_ann_right_edge = pcb.rcv_nxt + pcb.rcv_ann_wnd;
  TCP_STATS_INC(tcp.xmit);
  set_timer();
  return true;
}

// A segment without data, past lwIP. False: it isn't that simple; lwIP makes one that waits.
bool Sender::acknowledge() {
  struct tcp_pcb& pcb = *pcb_;
  EthernetHeader caller;
  const EthernetHeader* const station =
      attachment_->station_for(ip4_addr_get_u32(ip_2_ip4(&pcb.remote_ip)), caller);
  if (station == nullptr) {
    return false;
  }
  // As a probe of the window, but with the number that comes next.
  SegmentFields fields = fields_for({NextSegment::Kind::kProbe}, 0);
  fields.sequence = {pcb.snd_nxt};
  SendQueue::Part nothing;
  nothing.clear();
  if (give_to_device(*station, fields, nothing, false) == Sent::kNoRoom) {
    return false;
  }
  note_acknowledged();
  return true;
}

}  // namespace mote::netstack
