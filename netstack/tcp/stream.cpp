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
#include "netstack/sender/block.hpp"
#include "netstack/sender/sender.hpp"

namespace mote::netstack {
namespace {

static_assert(std::is_same_v<TcpStream::Result, err_t>);
static_assert(TcpStream::kSegmentBytes == TCP_MSS && TcpStream::kWindowBytes == TCP_WND);
static_assert(TcpStream::kMessagePieces == SendQueue::kMessagePieces);
static_assert(detail::kAccepted == ERR_OK && detail::kRefused == ERR_MEM);

// The connection reset last: a callback in which its connection is reset must tell lwIP so by its
// result. `begin` clears it, because lwIP may reuse the memory for a new connection.
constinit const struct tcp_pcb* reset_last = nullptr;

Sender& sender_of(const struct tcp_pcb& pcb) { return *static_cast<Sender*>(pcb.sender); }

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
}

bool TcpStream::write_message(std::span<const Piece> pieces, std::size_t bytes) {
  return sender_of(*pcb_).write_message(pieces, bytes);
}

bool TcpStream::write(Piece piece, Write how) {
  Sender& sender = sender_of(*pcb_);
  return how == Write::kCopied ? sender.write_copy(piece) : sender.write_reference(piece);
}

std::uint32_t TcpStream::room() const { return sender_of(*pcb_).room(); }

bool TcpStream::has_room(std::uint32_t bytes, unsigned pieces) const {
  const Sender& sender = sender_of(*pcb_);
  return sender.room() >= bytes && sender.has_room(pieces);
}

std::uint32_t TcpStream::in_flight() const { return sender_of(*pcb_).unacknowledged(); }

TcpStream::Position TcpStream::end() const { return pcb_->snd_lbb; }

bool TcpStream::has_let_go(Position position) const {
  return !Sequence{pcb_->lastack}.is_before({position});
}

void TcpStream::set_retry(Result (*retry)(void* owner, struct tcp_pcb* pcb)) {
  tcp_poll(pcb_, retry, retry == nullptr ? 0 : 1);
}

void TcpStream::flush() { tcp_output(pcb_); }

void TcpStream::open_window(std::uint32_t bytes) { tcp_recved(pcb_, static_cast<u16_t>(bytes)); }

void TcpStream::close() { tcp_shutdown(pcb_, 0, 1); }

// lwIP finishes data in flight by itself. A peer that never closes its side would hold the PCB for
// long, so it gets the lowest priority: lwIP may take it for a new connection if it has no other.
void TcpStream::release() {
  struct tcp_pcb* const pcb = detach();
  tcp_setprio(pcb, TCP_PRIO_MIN);
  sender_of(*pcb).abandon_later(Sender::turn_began());
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

void TcpStream::reset(struct tcp_pcb* pcb) {
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

// None, if a connection that has a block already couldn't write one.
std::size_t text_blocks_left() {
  const bool has_room = blocks::left_for(1) > limits::kTextBlocks;
  return has_room ? blocks::shared_left() / limits::kTextBlocks : 0;
}

void call_later(std::uint32_t milliseconds, void (*function)(void* unused)) {
  sys_timeout(milliseconds, function, nullptr);
}

}  // namespace mote::netstack
