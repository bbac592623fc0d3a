// The prompt answer: which segments qualify, and how the next one is written.
#include "netstack/tcp/prompt_answer.hpp"

#include "lwip/priv/tcp_priv.h"
#include "lwip/stats.h"
#include "netstack/tcp/connections.hpp"
#include "netstack/wire/checksum.hpp"
#include "netstack/wire/headers.hpp"

namespace mote::netstack {
namespace {

// The headers in a segment's frame, without options.
struct Headers {
  EthernetHeader ethernet;
  Ipv4Header ip;
  TcpHeader tcp;

  static constexpr std::uint16_t kAck = 0x5010;  // RFC 9293, 3.1: offset and flags
  static constexpr std::uint16_t kPush = 0x0008;
};
static_assert(sizeof(Headers) == 54 && alignof(Headers) == 1);
constexpr std::size_t kIpBytes = sizeof(Ipv4Header) + sizeof(TcpHeader);

// Whether a frame of this many bytes holds a whole segment with data, and nothing unusual.
bool is_plain(const Headers& in, std::size_t bytes) {
  return in.ethernet.type == EthernetHeader::kIpv4 &&
         in.ip.version_and_words == Ipv4Header::kVersion4NoOptions &&
         in.ip.protocol == Ipv4Header::kTcp && !in.ip.is_fragment() &&
         in.ip.total_bytes > kIpBytes && in.ip.total_bytes <= bytes - sizeof(EthernetHeader) &&
         (in.tcp.offset_and_flags & ~Headers::kPush) == Headers::kAck;
}

struct tcp_pcb* connection_of(const Headers& in, std::uint8_t netif_index) {
  return find_connection({{in.ip.destination.raw()},
                          {in.ip.source.raw()},
                          in.tcp.destination_port,
                          in.tcp.source_port},
                         netif_index);
}

// Whether only the last response is outstanding, as one segment sent once, and the incoming segment
// is the expected next one: it acknowledges that response, and its data is in order.
bool expects(const struct tcp_pcb& pcb, const Headers& in, const PromptServer& server) {
  constexpr tcpflags_t kUsual = TF_NODELAY | TF_WND_SCALE;
  const struct tcp_seg* const last = pcb.unacked;
  return pcb.state == ESTABLISHED && pcb.recv == server.received &&
         in.tcp.sequence == pcb.rcv_nxt && !TCP_SEQ_GT(pcb.snd_wl1, pcb.rcv_nxt) &&
         in.tcp.acknowledgement == pcb.snd_nxt && last != nullptr && last->next == nullptr &&
         pcb.snd_nxt - pcb.lastack == last->len && pcb.unsent == nullptr &&
         pcb.snd_lbb == pcb.snd_nxt && (pcb.flags & ~kUsual) == 0 && pcb.nrtx == 0 &&
         pcb.trimmed == 0 && pcb.refused_data == nullptr && pcb.persist_backoff == 0 &&
         pcb.rcv_wnd == TCP_WND && in.ip.total_bytes - kIpBytes <= TCP_WND;
}

// The headers of the last response, if `reply` to `in` can reuse them and its pbufs; otherwise
// null. It must have gone where `in` came from, nothing else may hold its pbufs, and it must have
// as many pieces as `reply`, the first of the same length, the others references.
Headers* reusable(const struct tcp_seg& last, const PromptReply& reply, const Headers& in) {
  struct pbuf* piece = last.p;
  auto* const headers = static_cast<Headers*>(piece->payload);
  const std::byte* const tcp = reinterpret_cast<const std::byte*>(last.tcphdr);
  if (tcp != reinterpret_cast<const std::byte*>(&headers->tcp) ||
      piece->len != sizeof(Headers) + reply.pieces.front().bytes ||
      headers->tcp.offset_and_flags != (Headers::kAck | Headers::kPush) ||
      headers->ethernet.type != EthernetHeader::kIpv4 ||
      headers->ethernet.destination != in.ethernet.source ||
      headers->ethernet.source != in.ethernet.destination) {
    return nullptr;
  }
  if (piece->ref != 1) {
    return nullptr;
  }
  for (std::size_t at = 1; at < reply.pieces.size(); ++at) {
    piece = piece->next;
    if (piece == nullptr || piece->ref != 1 || !pbuf_match_type(piece, PBUF_ROM)) {
      return nullptr;
    }
  }
  return piece->next == nullptr ? headers : nullptr;
}

std::uint16_t tcp_bytes_of(const Ipv4Header& ip) {
  return static_cast<std::uint16_t>(ip.total_bytes - sizeof(Ipv4Header));
}

bool checksums_hold(const Headers& in, std::span<const std::byte> frame, RxChecksum checksum) {
  if (sum_of(in.ip).folded() != 0xFFFF) {
    return false;
  }
  if (checksum != RxChecksum::kUnknown) {
    return true;
  }
  Sum sum = pseudo_header_sum(in.ip, tcp_bytes_of(in.ip));
  add_bytes(sum, frame.subspan(offsetof(Headers, tcp), tcp_bytes_of(in.ip)));
  return sum.folded() == 0xFFFF;
}

// Processes the segment's ACK and window as tcp_receive would, and accepts its data, which is
// consumed at once.
void take(struct tcp_pcb& pcb, const Headers& in) {
  const auto acknowledged = static_cast<tcpwnd_size_t>(in.tcp.acknowledgement - pcb.lastack);
  pcb.tmr = tcp_ticks;
  pcb.keep_cnt_sent = 0;
  pcb.snd_wnd = SND_WND_SCALE(&pcb, in.tcp.window);
  if (pcb.snd_wnd_max < pcb.snd_wnd) {
    pcb.snd_wnd_max = pcb.snd_wnd;
  }
  pcb.snd_wl1 = in.tcp.sequence;
  pcb.snd_wl2 = pcb.lastack = in.tcp.acknowledgement;
  pcb.rto = static_cast<s16_t>((pcb.sa >> 3) + pcb.sv);
  pcb.dupacks = 0;
  tcp_grow_cwnd(&pcb, acknowledged);
  tcp_measure_rtt(&pcb, in.tcp.acknowledgement);
  pcb.snd_buf = static_cast<tcpwnd_size_t>(pcb.snd_buf + acknowledged);
  pcb.rcv_nxt += in.ip.total_bytes - kIpBytes;
  tcp_update_rcv_ann_wnd(&pcb);
  TCP_STATS_INC(tcp.recv);
}

// Puts the reply's pieces into the last response's pbufs.
void fill(struct tcp_seg& segment, const PromptReply& reply, PromptAnswer& answer) {
  const auto bytes = static_cast<u16_t>(reply.bytes);
  struct pbuf* piece = segment.p;
  auto* const frame = static_cast<std::byte*>(piece->payload);
  const Piece& head = reply.pieces.front();
  __builtin_memcpy(frame + sizeof(Headers), head.data, head.bytes);
  piece->tot_len = static_cast<u16_t>(sizeof(Headers) + bytes);
  answer.frame = piece;
  answer.pieces[0] = {frame, piece->len};
  answer.count = 1;
  auto left = static_cast<u16_t>(bytes - head.bytes);
  for (const Piece& next : reply.pieces.subspan(1)) {
    piece = piece->next;
    piece->payload = const_cast<std::byte*>(next.data);  // never written to; lwIP has no const
    piece->len = static_cast<u16_t>(next.bytes);
    piece->tot_len = left;
    left = static_cast<u16_t>(left - next.bytes);
    answer.pieces[answer.count++] = next;
  }
  segment.len = bytes;
}

// Writes the headers as tcp_output_segment and the layers below would; the device completes TCP's
// checksum. Like the one before, the datagram has DF and no identification: connections whose
// segments may be fragmented (TF_FRAGMENT) get no prompt answers.
void write_headers(const struct tcp_pcb& pcb, Headers& headers, std::uint16_t bytes) {
  headers.tcp.sequence = pcb.snd_nxt;
  headers.tcp.acknowledgement = pcb.rcv_nxt;
  headers.tcp.window = static_cast<std::uint16_t>(RCV_WND_SCALE(&pcb, pcb.rcv_ann_wnd));
  headers.ip.total_bytes = static_cast<std::uint16_t>(kIpBytes + bytes);
  headers.ip.checksum = 0;
  headers.ip.checksum = Be16::from_raw(static_cast<std::uint16_t>(~sum_of(headers.ip).folded()));
  headers.tcp.checksum =
      Be16::from_raw(pseudo_header_sum(headers.ip, tcp_bytes_of(headers.ip)).folded());
}

// Updates the connection as tcp_write and tcp_output would.
void note_sent(struct tcp_pcb& pcb, std::uint16_t bytes) {
  pcb.rtime = 0;
  if (pcb.rttest == 0) {
    pcb.rttest = tcp_ticks;
    pcb.rtseq = pcb.snd_nxt;
  }
  pcb.snd_nxt += bytes;
  pcb.snd_lbb = pcb.snd_nxt;
  pcb.snd_buf = static_cast<tcpwnd_size_t>(pcb.snd_buf - bytes);
  pcb.rcv_ann_right_edge = pcb.rcv_nxt + pcb.rcv_ann_wnd;
  TCP_STATS_INC(tcp.xmit);
}

}  // namespace

// Verifies checksums last: the normal path verifies those of every frame not answered here.
bool prompt_answer(const struct netif& netif, std::span<const std::byte> frame, RxChecksum checksum,
                   const PromptServer& server, PromptAnswer& answer) {
  if (server.find == nullptr || frame.size() <= sizeof(Headers)) {
    return false;
  }
  const auto& in = *reinterpret_cast<const Headers*>(frame.data());
  if (!is_plain(in, frame.size())) {
    return false;
  }
  struct tcp_pcb* const pcb = connection_of(in, netif_get_index(&netif));
  if (pcb == nullptr || !expects(*pcb, in, server)) {
    return false;
  }

  const PromptReply reply =
      server.find(pcb->callback_arg, {reinterpret_cast<const char*>(frame.data()) + sizeof(Headers),
                                      in.ip.total_bytes - kIpBytes});
  if (reply.pieces.empty()) {
    return false;
  }
  const std::uint32_t window = SND_WND_SCALE(pcb, in.tcp.window);
  Headers* const headers = reusable(*pcb->unacked, reply, in);
  if (headers == nullptr || reply.bytes > pcb->mss || reply.bytes + kIpBytes > netif.mtu ||
      reply.bytes > pcb->cwnd || reply.bytes > window ||
      reply.bytes + sizeof(Headers) < EthernetHeader::kMinFrameBytes ||
      !checksums_hold(in, frame, checksum)) {
    return false;
  }

  take(*pcb, in);
  fill(*pcb->unacked, reply, answer);
  const auto bytes = static_cast<u16_t>(reply.bytes);
  write_headers(*pcb, *headers, bytes);
  note_sent(*pcb, bytes);
  server.sent(pcb->callback_arg, reply);
  return true;
}

}  // namespace mote::netstack
