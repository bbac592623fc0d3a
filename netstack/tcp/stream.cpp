// Streams on lwIP's raw API (lwIP 2.2.1, doc/rawapi.txt).
#include "netstack/stream.hpp"

#include <array>
#include <type_traits>

#include "lwip/pbuf.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"
#include "lwip/timeouts.h"
#include "mote_hooks.h"
#include "netstack/interface/attachment.hpp"
#include "netstack/tcp/send_buffer.hpp"

namespace mote::netstack {
namespace {

static_assert(std::is_same_v<TcpStream::Result, err_t>);
static_assert(TcpStream::kSegmentBytes == TCP_MSS && TcpStream::kWindowBytes == TCP_WND);
static_assert(TcpStream::kMessagePieces == TCP_WRITE_PIECES);
static_assert(detail::kAccepted == ERR_OK && detail::kRefused == ERR_MEM);

// The connection reset last: a callback in which its connection is reset must tell lwIP so by its
// result. `begin` clears it, because lwIP may reuse the memory for a new connection.
constinit const struct tcp_pcb* reset_last = nullptr;

}  // namespace

std::string_view Arrived::piece() const {
  return {static_cast<const char*>(first_->payload), first_->len};
}

std::uint32_t Arrived::bytes() const { return first_->tot_len; }

const struct pbuf* Arrived::rest() const { return first_->next; }

void TcpStream::give_back(struct pbuf* data) { pbuf_free(data); }

TcpStream::Result TcpStream::result_for(const struct tcp_pcb* pcb) {
  return pcb == reset_last ? ERR_ABRT : ERR_OK;
}

void TcpStream::begin(void* owner, const Callbacks& callbacks) {
  reset_last = nullptr;
  tcp_arg(pcb_, owner);
  tcp_recv(pcb_, callbacks.received);
  tcp_sent(pcb_, callbacks.acknowledged);
  tcp_err(pcb_, callbacks.lost);
  // Responses are handed over whole, so Nagle's algorithm has nothing to gather.
  tcp_nagle_disable(pcb_);
  widen_send_buffer(*pcb_);
}

bool TcpStream::write_message(std::span<const Piece> pieces, std::size_t bytes) {
  if (bytes > tcp_sndbuf(pcb_)) {
    return false;
  }
  std::array<tcp_piece, kMessagePieces> all;
  for (std::size_t at = 0; at < pieces.size(); ++at) {
    all[at] = {pieces[at].data, static_cast<u16_t>(pieces[at].bytes)};
  }
  return tcp_write_pieces(pcb_, all.data(), static_cast<u8_t>(pieces.size()),
                          TCP_WRITE_FLAG_COPY) == ERR_OK;
}

bool TcpStream::write(Piece piece, Write how, bool more) {
  const auto flags = static_cast<u8_t>((more ? TCP_WRITE_FLAG_MORE : 0) |
                                       (how == Write::kCopied ? TCP_WRITE_FLAG_COPY : 0));
  return tcp_write(pcb_, piece.data, static_cast<u16_t>(piece.bytes), flags) == ERR_OK;
}

std::uint32_t TcpStream::room() const { return tcp_sndbuf(pcb_); }

bool TcpStream::has_room(std::uint32_t bytes, unsigned pieces) const {
  return tcp_sndbuf(pcb_) >= bytes && tcp_sndqueuelen(pcb_) + pieces <= mote_tcp_queue_limit();
}

std::uint32_t TcpStream::worthwhile_room() const { return pcb_->tso_bytes; }

std::uint32_t TcpStream::frame_bytes() const { return tcp_mss(pcb_); }

std::uint32_t TcpStream::in_flight() const { return send_buffer_of(*pcb_) - pcb_->snd_buf; }

TcpStream::Position TcpStream::end() const { return pcb_->snd_lbb; }

// lwIP keeps a segment that its device still holds, even if all of it is acknowledged. Resending
// moves segments to the unsent ones, so the oldest may be in either queue.
bool TcpStream::has_let_go(Position position) const {
  const auto is_behind = [position](const struct tcp_seg* first) {
    return first == nullptr || TCP_SEQ_GEQ(lwip_ntohl(first->tcphdr->seqno), position);
  };
  return is_behind(pcb_->unacked) && is_behind(pcb_->unsent);
}

void TcpStream::set_retry(Result (*retry)(void* owner, struct tcp_pcb* pcb)) {
  tcp_poll(pcb_, retry, retry == nullptr ? 0 : 1);
}

void TcpStream::flush() { tcp_output(pcb_); }

void TcpStream::open_window(std::uint32_t bytes) { tcp_recved(pcb_, static_cast<u16_t>(bytes)); }

// If lwIP lacks the memory for a FIN, it tries again by itself.
void TcpStream::close() { tcp_shutdown(pcb_, 0, 1); }

// lwIP finishes data in flight by itself. A peer that never closes its side would hold the PCB for
// long, so it gets the lowest priority: lwIP may take it for a new connection if it has no other.
void TcpStream::release() {
  struct tcp_pcb* const pcb = detach();
  tcp_setprio(pcb, TCP_PRIO_MIN);
  if (tcp_close(pcb) != ERR_OK) {
    reset(pcb);
  }
}

void TcpStream::abort() { reset(detach()); }

struct tcp_pcb* TcpStream::detach() {
  struct tcp_pcb* const pcb = pcb_;
  pcb_ = nullptr;
  tcp_arg(pcb, nullptr);
  tcp_recv(pcb, nullptr);
  tcp_sent(pcb, nullptr);
  tcp_err(pcb, nullptr);
  tcp_poll(pcb, nullptr, 0);
  return pcb;
}

// A peer whose window is shut heeds a reset only at the byte that it expects (RFC 5961, 3.2). That
// is the first one not acknowledged, though lwIP has counted its probe's byte as sent.
void TcpStream::reset(struct tcp_pcb* pcb) {
  if (pcb->persist_backoff > 0) {
    pcb->snd_nxt = pcb->lastack;
  }
  reset_last = pcb;
  tcp_abort(pcb);
}

PeerAddress TcpStream::peer() const {
  const std::uint32_t address = ip4_addr_get_u32(ip_2_ip4(&pcb_->remote_ip));
  std::array<std::uint8_t, sizeof address> bytes{};
  __builtin_memcpy(bytes.data(), &address, sizeof address);
  return PeerAddress(bytes);
}

// A connection stays with the interface that its SYN came by (patches/reply-interface).
unsigned TcpStream::interface() const {
  struct netif* const netif = netif_get_by_index(pcb_->netif_idx);
  return netif == nullptr ? 0 : attachment_of(netif).index();
}

bool detail::listen(std::uint16_t port, tcp_accept_fn accepted) {
  struct tcp_pcb* const pcb = tcp_new();
  if (pcb == nullptr) {
    return false;
  }
  struct tcp_pcb* const listener =
      tcp_bind(pcb, IP_ANY_TYPE, port) == ERR_OK ? tcp_listen(pcb) : nullptr;
  if (listener == nullptr) {
    tcp_close(pcb);
    return false;
  }
  tcp_accept(listener, accepted);
  return true;
}

// The listener stays, but on an address that no segment for us can have. lwIP would reset the
// connections that are half open with a listener that is closed.
void stop_listening(std::uint16_t port) {
  struct tcp_pcb_listen* listener = tcp_listen_pcbs.listen_pcbs;
  while (listener != nullptr && listener->local_port != port) {
    listener = listener->next;
  }
  if (listener != nullptr) {
    ip_addr_copy(listener->local_ip, *IP_ADDR_BROADCAST);
  }
}

void call_later(std::uint32_t milliseconds, void (*function)(void* unused)) {
  sys_timeout(milliseconds, function, nullptr);
}

}  // namespace mote::netstack
