// SYN cookies: lwIP's hooks for SYNs and ACKs that come to a listener.
#include "netstack/tcp/syn_cookies.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "kernel/memory/packet.hpp"
#include "kernel/platform/entropy.hpp"
#include "lwip/priv/tcp_priv.h"
#include "mote_hooks.h"
#include "netstack/interface/attachment.hpp"
#include "netstack/sender/frame.hpp"
#include "netstack/tcp/connections.hpp"
#include "netstack/tcp/syn_offer.hpp"
#include "netstack/wire/checksum.hpp"
#include "netstack/wire/headers.hpp"

namespace mote::netstack {
namespace {

constexpr std::uint64_t kMinute = milliseconds(60'000).value;
constexpr unsigned kOfferBits = 8;

constinit CookieCounters counters;
constinit Nanoseconds live_until;    // ACKs may hold cookies
constinit Nanoseconds silent_until;  // handshakes without a PCB may be under way

// What a cookie is bound to.
struct Handshake {
  ConnectionEnds ends;
  std::uint32_t client_isn;
};

Handshake handshake_of(const struct tcp_hdr& header, std::uint32_t client_isn) {
  return {.ends = {.here = *ip_current_dest_addr(),
                   .there = *ip_current_src_addr(),
                   .local_port = header.dest,
                   .remote_port = header.src},
          .client_isn = client_isn};
}

std::uint32_t cookie_for(const Handshake& handshake, std::uint8_t offer, std::uint64_t minute) {
  const ConnectionEnds& ends = handshake.ends;
  const std::array<std::uint32_t, 6> message = {
      ip4_addr_get_u32(ip_2_ip4(&ends.here)),
      ip4_addr_get_u32(ip_2_ip4(&ends.there)),
      std::uint32_t{ends.local_port} << 16 | ends.remote_port,
      std::uint32_t{netif_get_index(ip_data.current_input_netif)} << kOfferBits | offer,
      handshake.client_isn,
      static_cast<std::uint32_t>(minute)};
  const std::uint64_t hash = entropy::keyed_hash(std::as_bytes(std::span(message)));
  return static_cast<std::uint32_t>(hash << kOfferBits) | offer;
}

bool is_cookie(std::uint32_t number, const Handshake& handshake, Nanoseconds now) {
  const auto offer = static_cast<std::uint8_t>(number);
  const std::uint64_t minute = now.value / kMinute;
  return number == cookie_for(handshake, offer, minute) ||
         number == cookie_for(handshake, offer, minute - 1);
}

// The options of a SYN, side by side.
class SynOptions {
 public:
  SynOptions(const struct tcp_hdr& header, std::size_t bytes, std::size_t first_bytes,
             const std::uint8_t* more)
      : bytes_(bytes) {
    const auto* const first = reinterpret_cast<const std::uint8_t*>(&header) + TCP_HLEN;
    std::ranges::copy_n(first, static_cast<std::ptrdiff_t>(more == nullptr ? bytes : first_bytes),
                        copy_.begin());
    if (more != nullptr) {
      std::ranges::copy_n(more, static_cast<std::ptrdiff_t>(bytes - first_bytes),
                          copy_.begin() + static_cast<std::ptrdiff_t>(first_bytes));
    }
  }

  [[nodiscard]] SynOffer offer() const { return SynOffer::read(std::span(copy_).first(bytes_)); }

 private:
  std::array<std::uint8_t, 40> copy_;  // RFC 9293, 3.1: as many as the data offset allows
  std::size_t bytes_;
};

// Sends it to where the SYN came from, and without a place in any queue.
bool send_syn_ack(const Handshake& handshake, const SynOffer& offer, std::uint32_t cookie) {
  struct netif* const netif = ip_current_input_netif();
  Attachment& attachment = attachment_of(netif);
  Packet packet = Packet::scarce() ? Packet() : Packet::allocate();
  if (!packet) {
    return false;
  }
  const ConnectionEnds& ends = handshake.ends;
  const std::uint32_t destination = ip4_addr_get_u32(ip_2_ip4(&ends.there));
  const SynAckOptions options(offer, tcp_eff_send_mss_netif(TCP_MSS, netif, &ends.there),
                              TCP_RCV_SCALE);
  const auto option_bytes = static_cast<std::uint32_t>(options.all().size());
  auto& headers = *reinterpret_cast<FrameHeaders*>(packet.data());
  const FrameWork work = write_headers(headers, attachment.station_of_caller(destination),
                                       {.source = ip4_addr_get_u32(ip_2_ip4(&ends.here)),
                                        .destination = destination,
                                        .source_port = ends.local_port,
                                        .destination_port = ends.remote_port,
                                        .sequence = {cookie},
                                        .acknowledgement = handshake.client_isn + 1,
                                        .window = TCPWND_MIN16(TCP_WND),
                                        .flags = tcp_flags::kSyn | tcp_flags::kAck,
                                        .cut_bytes = 0,
                                        .may_fragment = false,
                                        .is_ecn_capable = false},
                                       option_bytes, attachment.offloads());
  headers.tcp.offset_and_flags =
      static_cast<std::uint16_t>(headers.tcp.offset_and_flags + (option_bytes / 4 << 12));
  std::ranges::copy(std::as_bytes(options.all()), packet.data() + sizeof(FrameHeaders));
  const std::size_t bytes = sizeof(FrameHeaders) + option_bytes;
  packet.set_bytes(std::max(bytes, EthernetHeader::kMinFrameBytes));
  std::ranges::fill(packet.frame().subspan(bytes), std::byte{0});
  if (work.checksum.start == 0) {
    const std::size_t tcp_bytes = sizeof(TcpHeader) + option_bytes;
    headers.tcp.checksum = Be16::from_raw(static_cast<std::uint16_t>(
        ~ones_sum(packet.frame().subspan(kTcpChecksum.start, tcp_bytes))));
  }
  return attachment.transmit(packet, work.checksum);
}

void note_homeless_handshake(Nanoseconds now) { live_until = silent_until = now + kCookieTime; }

// Whether ordinary SYN-ACKs have cookies, too: many connections are half open, or were lately.
bool gives_cookies() {
  if (2 * tcp_half_opens() >= mote_tcp_half_open()) {
    live_until = clock::now() + kCookieTime;
    return true;
  }
  if (live_until == Nanoseconds{}) [[likely]] {
    return false;
  }
  if (clock::now() < live_until) {
    return true;
  }
  live_until = {};
  return false;
}

// A handshake not yet proved gives way to one that is.
struct tcp_pcb* allocate_pcb(std::uint8_t priority, Nanoseconds now) {
  struct tcp_pcb* const pcb = tcp_alloc(priority);
  if (pcb != nullptr || tcp_half_opens() == 0) {
    return pcb;
  }
  tcp_push_out_half_open();
  note_homeless_handshake(now);
  return tcp_alloc(priority);
}

// Makes what tcp_listen_input would have made of the SYN, as it is when the SYN-ACK has left.
void open(struct tcp_pcb& pcb, const struct tcp_pcb_listen& listener, const Handshake& handshake,
          const struct tcp_hdr& header) {
  const std::uint32_t isn = header.ackno - 1;
  const SynOffer offer = SynOffer::unpacked(static_cast<std::uint8_t>(isn));
  ip_addr_copy(pcb.local_ip, handshake.ends.here);
  ip_addr_copy(pcb.remote_ip, handshake.ends.there);
  pcb.local_port = handshake.ends.local_port;
  pcb.remote_port = handshake.ends.remote_port;
  pcb.netif_idx = netif_get_index(ip_data.current_input_netif);
  pcb.state = SYN_RCVD;
  pcb.listener = const_cast<struct tcp_pcb_listen*>(&listener);
  pcb.callback_arg = listener.callback_arg;
  pcb.so_options = listener.so_options & SOF_INHERITED;
  if (offer.scale != SynOffer::kNoScale) {
    tcp_set_flags(&pcb, TF_WND_SCALE);
    pcb.snd_scale = offer.scale;
    pcb.rcv_scale = TCP_RCV_SCALE;
    pcb.rcv_wnd = pcb.rcv_ann_wnd = TCP_WND;
  }
  if (offer.permits_sack) {
    tcp_set_flags(&pcb, TF_SACK);
  }
  pcb.mss = tcp_eff_send_mss_netif(offer.mss, ip_current_input_netif(), &pcb.remote_ip);
  pcb.rcv_nxt = handshake.client_isn + 1;
  pcb.rcv_ann_right_edge = pcb.rcv_nxt + pcb.rcv_ann_wnd;
  pcb.lastack = pcb.snd_wl2 = isn;
  pcb.snd_nxt = pcb.snd_lbb = isn + 1;
  pcb.snd_wl1 = handshake.client_isn - 1;  // so that every window is news
  pcb.snd_wnd = pcb.snd_wnd_max = SND_WND_SCALE(&pcb, std::uint32_t{header.wnd});
  pcb.nrtx = 1;  // nobody knows when the SYN-ACK left: no sample of the round trip
  TCP_REG_ACTIVE(&pcb);
}

}  // namespace

const CookieCounters& cookie_counters() { return counters; }

}  // namespace mote::netstack

using namespace mote;
using namespace mote::netstack;

extern "C" {

void mote_tcp_syn_without_pcb(const struct tcp_hdr* header, u16_t option_bytes, u16_t first_bytes,
                              const u8_t* more) {
  const Nanoseconds now = clock::now();
  const Handshake handshake = handshake_of(*header, header->seqno);
  const SynOffer offer = SynOptions(*header, option_bytes, first_bytes, more).offer();
  note_homeless_handshake(now);
  const bool is_sent =
      send_syn_ack(handshake, offer, cookie_for(handshake, offer.packed(), now.value / kMinute));
  ++(is_sent ? counters.sent : counters.unsent);
}

// RFC 6528's, unless many are half open: it grows with time, as a cookie doesn't.
u32_t mote_tcp_syn_isn(const struct tcp_pcb* pcb, const struct tcp_hdr* header, u16_t option_bytes,
                       u16_t first_bytes, const u8_t* more) {
  if (!gives_cookies()) [[likely]] {
    return mote_tcp_isn(&pcb->local_ip, pcb->local_port, &pcb->remote_ip, pcb->remote_port);
  }
  const SynOffer offer = SynOptions(*header, option_bytes, first_bytes, more).offer();
  return cookie_for(handshake_of(*header, header->seqno), offer.packed(),
                    clock::now().value / kMinute);
}

err_t mote_tcp_listen_ack(const struct tcp_pcb_listen* listener, const struct tcp_hdr* header,
                          struct tcp_pcb** opened) {
  *opened = nullptr;
  const Nanoseconds now = clock::now();
  if (now >= live_until) {
    return ERR_VAL;
  }
  const Handshake handshake = handshake_of(*header, header->seqno - 1);
  if (!is_cookie(header->ackno - 1, handshake, now)) {
    ++counters.refused;
    return now < silent_until ? err_t{ERR_OK} : err_t{ERR_VAL};
  }
  struct tcp_pcb* const pcb = allocate_pcb(listener->prio, now);
  if (pcb == nullptr) {
    ++counters.homeless;
    return ERR_OK;
  }
  open(*pcb, *listener, handshake, *header);
  ++counters.accepted;
  *opened = pcb;
  return ERR_OK;
}

}  // extern "C"
