// The prompt answer: which segments qualify, and what they do.
#include "netstack/tcp/prompt_answer.hpp"

#include <array>

#include "lwip/priv/tcp_priv.h"
#include "lwip/stats.h"
#include "netstack/sender/sack_option.hpp"
#include "netstack/sender/sender.hpp"
#include "netstack/tcp/connections.hpp"
#include "netstack/wire/checksum.hpp"
#include "netstack/wire/headers.hpp"

namespace mote::netstack {
namespace {

constexpr std::size_t kIpBytes = sizeof(Ipv4Header) + sizeof(TcpHeader);

// Compared in two words: a call would cost more than the rest of the judgement.
bool is_ours(const MacAddress& destination, const struct netif& netif) {
  const auto* const one = reinterpret_cast<const std::byte*>(&destination);
  const auto* const other = reinterpret_cast<const std::byte*>(netif.hwaddr);
  return load_word<std::uint32_t>(one) == load_word<std::uint32_t>(other) &&
         load_word<std::uint16_t>(one + 4) == load_word<std::uint16_t>(other + 4);
}

// Whether a frame of this many bytes, to us, holds a whole TCP segment, in a datagram without
// options.
bool is_segment(const FrameHeaders& in, std::size_t bytes, const struct netif& netif) {
  return in.ip.protocol == Ipv4Header::kTcp && in.ethernet.type == EthernetHeader::kIpv4 &&
         in.ip.version_and_words == Ipv4Header::kVersion4NoOptions &&
         is_ours(in.ethernet.destination, netif) && !is_group(in.ethernet.source) &&
         !in.ip.is_fragment() && in.ip.total_bytes <= bytes - sizeof(EthernetHeader);
}

// Whether the segment has data, and nothing unusual: neither ECE nor CWR, nor a mark (RFC 3168, 5),
// of whose two bits this is the one that nothing else uses.
bool is_plain_data(const FrameHeaders& in) {
  return in.ip.total_bytes > kIpBytes && (in.ip.type_of_service & 1) == 0 &&
         (in.tcp.offset_and_flags & ~tcp_flags::kPush) == (TcpHeader::kNoOptions | tcp_flags::kAck);
}

// Whether it acknowledges and has no data, whatever its options.
bool is_bare_ack(const FrameHeaders& in) {
  constexpr std::uint16_t kFlags = 0x01FF;  // RFC 9293, 3.1, and RFC 3540's
  return (in.tcp.offset_and_flags & kFlags) == tcp_flags::kAck &&
         in.tcp.header_bytes() >= sizeof(TcpHeader) &&
         in.ip.total_bytes == sizeof(Ipv4Header) + in.tcp.header_bytes();
}

struct tcp_pcb* connection_of(const FrameHeaders& in, std::uint8_t netif_index) {
  return find_connection({{in.ip.destination.raw()},
                          {in.ip.source.raw()},
                          in.tcp.destination_port,
                          in.tcp.source_port},
                         netif_index);
}

// Whether the segment is the expected next one: it acknowledges all that was written, and its data
// is in order.
bool expects(const struct tcp_pcb& pcb, const FrameHeaders& in, const PromptServer& server) {
  constexpr tcpflags_t kUsual = TF_WND_SCALE | TF_SACK | TF_FRAGMENT | TF_ECN;
  return pcb.state == ESTABLISHED && pcb.recv == server.received &&
         in.tcp.sequence == pcb.rcv_nxt && !TCP_SEQ_GT(pcb.snd_wl1, pcb.rcv_nxt) &&
         in.tcp.acknowledgement == pcb.snd_nxt && pcb.snd_lbb == pcb.snd_nxt &&
         (pcb.flags & ~kUsual) == 0 && pcb.refused_data == nullptr && pcb.rcv_wnd == TCP_WND &&
         in.ip.total_bytes - kIpBytes <= TCP_WND;
}

std::uint16_t tcp_bytes_of(const Ipv4Header& ip) {
  return static_cast<std::uint16_t>(ip.total_bytes - sizeof(Ipv4Header));
}

[[gnu::noinline]] bool tcp_checksum_holds(const FrameHeaders& in,
                                          std::span<const std::byte> frame) {
  Sum sum = pseudo_header_sum(in.ip, tcp_bytes_of(in.ip));
  add_bytes(sum, frame.subspan(offsetof(FrameHeaders, tcp), tcp_bytes_of(in.ip)));
  return sum.folded() == 0xFFFF;
}

[[gnu::always_inline]] inline bool checksums_hold(const FrameHeaders& in,
                                                  std::span<const std::byte> frame,
                                                  RxChecksum checksum) {
  return sum_of(in.ip).folded() == 0xFFFF &&
         (checksum != RxChecksum::kUnknown || tcp_checksum_holds(in, frame));
}

Sender::Arrival arrival_of(const struct tcp_pcb& pcb, const FrameHeaders& in) {
  return {.sequence = in.tcp.sequence,
          .acknowledgement = in.tcp.acknowledgement,
          .window = SND_WND_SCALE(&pcb, std::uint32_t{in.tcp.window}),
          .text_bytes = 0,
          .has_ece = false,
          .sacks = {}};
}

// Whether an acknowledgement is for something sent, on a connection that is otherwise at rest.
bool expects_ack(const struct tcp_pcb& pcb, const FrameHeaders& in) {
  return (pcb.state == ESTABLISHED || pcb.state == FIN_WAIT_1) && in.tcp.sequence == pcb.rcv_nxt &&
         pcb.rcv_wnd != 0 && in.tcp.acknowledgement - pcb.lastack <= pcb.snd_nxt - pcb.lastack &&
         (pcb.flags & (TF_RXCLOSED | TF_CLOSEPEND)) == 0 && pcb.refused_data == nullptr;
}

// A FIN was written: as tcp_shutdown has it (RFC 9293, 3.10.4).
void note_fin(struct tcp_pcb& pcb) {
  tcp_set_flags(&pcb, TF_FIN);
  pcb.state = FIN_WAIT_1;
  tcp_requeue(&pcb);
}

// Takes an acknowledgement as tcp_input would. The owner, who hears of it, may end the connection.
Prompt take_ack(struct tcp_pcb& pcb, const FrameHeaders& in, std::uint8_t netif_index) {
  std::array<SequenceRange, kSackBlocks> blocks;
  Sender::Arrival arrival = arrival_of(pcb, in);
  if (in.tcp.header_bytes() != sizeof(TcpHeader)) {
    const auto* const options = reinterpret_cast<const std::uint8_t*>(&in + 1);
    arrival.sacks =
        sack_blocks({options, in.tcp.header_bytes() - sizeof(TcpHeader)}, std::span(blocks));
  }
  pcb.tmr = tcp_ticks;
  pcb.keep_cnt_sent = 0;
  TCP_STATS_INC(tcp.recv);
  const Nanoseconds now = Sender::turn_began();
  const std::uint32_t acknowledged = static_cast<Sender*>(pcb.sender)->take(arrival, now);
  if (pcb.state == FIN_WAIT_1 && arrival.acknowledgement == pcb.snd_lbb) {
    pcb.state = FIN_WAIT_2;
  }
  if (acknowledged != 0) {
    pcb.polltmr = 0;
    err_t error = ERR_OK;
    TCP_EVENT_SENT(&pcb, acknowledged, error);
    if (error == ERR_ABRT || connection_of(in, netif_index) != &pcb) {
      return Prompt::kTaken;
    }
  }
  static_cast<Sender*>(pcb.sender)->send_after_arrival(now);
  return Prompt::kTaken;
}

}  // namespace

// Verifies checksums last: the normal path verifies those of every frame not answered here.
Prompt prompt_answer(const struct netif& netif, std::span<const std::byte> frame,
                     RxChecksum checksum, const PromptServer& server) {
  if (server.find == nullptr || frame.size() < sizeof(FrameHeaders)) {
    return Prompt::kNo;
  }
  const auto& in = *reinterpret_cast<const FrameHeaders*>(frame.data());
  if (!is_segment(in, frame.size(), netif)) {
    return Prompt::kNo;
  }
  const bool has_data = is_plain_data(in);
  if (!has_data && !is_bare_ack(in)) {
    return Prompt::kNo;
  }
  const std::uint8_t netif_index = netif_get_index(&netif);
  struct tcp_pcb* const pcb = connection_of(in, netif_index);
  if (pcb == nullptr) {
    return Prompt::kNo;
  }
  if (!has_data) {
    return expects_ack(*pcb, in) && checksums_hold(in, frame, checksum)
               ? take_ack(*pcb, in, netif_index)
               : Prompt::kNo;
  }
  if (!expects(*pcb, in, server)) {
    return Prompt::kNo;
  }
  const std::uint32_t text_bytes = in.ip.total_bytes - kIpBytes;
  const PromptReply reply =
      server.find(pcb->callback_arg,
                  {reinterpret_cast<const char*>(frame.data()) + sizeof(FrameHeaders), text_bytes});
  if (reply.pieces.empty() || !checksums_hold(in, frame, checksum)) {
    return Prompt::kNo;
  }
  Sender::Arrival arrival = arrival_of(*pcb, in);
  arrival.text_bytes = text_bytes;
  if (!static_cast<Sender*>(pcb->sender)
           ->reply(arrival, reply.pieces, reply.bytes, reply.is_last, Sender::turn_began())) {
    return Prompt::kNo;
  }
  if (reply.is_last) {
    note_fin(*pcb);
  }
  server.sent(pcb->callback_arg, reply);
  return Prompt::kAnswered;
}

}  // namespace mote::netstack
