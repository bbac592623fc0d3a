// The peers' side, and lwIP's functions as the server calls them.
#include "tests/fuzz/fake_tcp.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "http/connection/server.hpp"
#include "http/connection/server_state.hpp"
#include "http/operations/counters.hpp"
#include "http/reply/holding.hpp"
#include "http/reply/reply_tail.hpp"
#include "http/request/request_buffer.hpp"
#include "lwip/pbuf.h"
#include "lwip/timeouts.h"
#include "netstack/interface/attachment.hpp"
#include "netstack/limits.hpp"
#include "netstack/tcp/prompt_answer.hpp"
#include "netstack/tcp/send_room.hpp"
#include "tests/fuzz/demand.hpp"
#include "tests/fuzz/guarded_pack.hpp"
#include "tests/unit/ample_arena.hpp"
#include "tests/unit/http/fakes.hpp"

// The linker's: what lies between them is text and constants.
extern "C" const char __executable_start[];
extern "C" const char etext[];

namespace mote::fuzz {
namespace {

using http_world::wall_seconds;

constexpr std::uint64_t kStart = 784'111'777;
constexpr std::size_t kTextBlocks = 12;  // few, so that they run out

tcp_accept_fn accept_function = nullptr;
tcp_pcb listener{};
sys_timeout_handler timer = nullptr;
std::size_t frames = 0;
std::size_t writes_before_failure = 0;
std::size_t failures_left = 0;
std::uint64_t written = 0;
unsigned interface_now = 0;
netstack::PromptServer prompt_server{};

// Constants of the firmware: its pages for errors are the longest.
bool is_constant(std::string_view memory) {
  constexpr std::size_t kMostBytes = 256;
  return memory.data() >= __executable_start && memory.data() + memory.size() <= etext &&
         memory.size() <= kMostBytes;
}

pbuf* frame_of(std::string_view content) {
  auto* const frame = new pbuf{};
  // Exactly as large as its content, so that the sanitizer sees any byte read behind it.
  char* const memory = new char[content.size()];
  std::ranges::copy(content, memory);
  frame->payload = memory;
  frame->len = frame->tot_len = static_cast<std::uint16_t>(content.size());
  frame->ref = 1;
  ++frames;
  return frame;
}

}  // namespace

constinit std::size_t text_blocks = kTextBlocks;

// What lwIP does.
struct Tcp {
  static Peer& peer_of(tcp_pcb* pcb) { return *static_cast<Pcb*>(pcb)->peer; }

  static err_t write(tcp_pcb* pcb, std::string_view memory, unsigned flags) {
    Peer& peer = peer_of(pcb);
    demand(!memory.empty() && memory.size() <= pcb->snd_buf, "a write that has no room");
    demand(!peer.got_fin, "a write behind the end");
    if (lacks_memory()) {
      return ERR_MEM;
    }
    put(pcb, memory, (flags & TCP_WRITE_FLAG_COPY) != 0);
    return ERR_OK;
  }

  // Only what is a segment of its own (patch 21).
  static err_t write_pieces(tcp_pcb* pcb, std::span<const tcp_piece> pieces, unsigned flags) {
    Peer& peer = peer_of(pcb);
    demand(!pieces.empty() && pieces.size() <= TCP_WRITE_PIECES, "as many pieces as may be");
    demand(!peer.got_fin, "a write behind the end");
    std::size_t bytes = 0;
    for (const tcp_piece& piece : pieces) {
      bytes += piece.len;
    }
    if (lacks_memory() || peer.has_unsent_ || bytes > pcb->snd_buf ||
        bytes > std::max(pcb->mss, pcb->tso_bytes)) {
      return ERR_MEM;
    }
    for (const tcp_piece& piece : pieces) {
      put(pcb, {static_cast<const char*>(piece.data), piece.len},
          (flags & TCP_WRITE_FLAG_COPY) != 0 && &piece == pieces.data());
    }
    return ERR_OK;
  }

  static bool lacks_memory() {
    if (writes_before_failure == 0 && failures_left > 0) {
      --failures_left;
      return true;
    }
    writes_before_failure -= writes_before_failure > 0 ? 1 : 0;
    return false;
  }

  static void put(tcp_pcb* pcb, std::string_view memory, bool copies) {
    Peer& peer = peer_of(pcb);
    demand(copies ? memory.size() <= http::Reply::kCopiedBytes
                  : is_in_pack(memory) || is_constant(memory),
           "memory is sent that nobody may see");
    pcb->snd_buf = static_cast<tcpwnd_size_t>(pcb->snd_buf - memory.size());
    peer.unacknowledged_ += memory.size();
    peer.has_unsent_ = true;
    peer.received += memory;
    written += memory.size();
    const bool is_text = copies && memory.size() > limits::kFirstTextBytes;
    demand(!is_text || text_blocks > 0, "text is written without memory for it");
    text_blocks -= is_text ? 1 : 0;
    peer.references_.push_back({.data = copies ? nullptr : memory.data(),
                                .content = std::string(memory),
                                .is_text = is_text});
  }

  // Until now the oldest bytes might have been sent again.
  static void forget(Peer& peer, std::size_t bytes) {
    while (bytes > 0) {
      Peer::Reference& oldest = peer.references_.front();
      const std::size_t part = std::min(bytes, oldest.content.size());
      if (oldest.data != nullptr) {
        demand(std::string_view(oldest.data, part) == oldest.content.substr(0, part),
               "memory changes on its way");
        oldest.data += part;
      }
      oldest.content.erase(0, part);
      bytes -= part;
      if (oldest.content.empty()) {
        text_blocks += oldest.is_text ? 1 : 0;
        peer.references_.pop_front();
      }
    }
  }

  static void output(tcp_pcb* pcb) { peer_of(pcb).has_unsent_ = false; }

  static void shut(tcp_pcb* pcb) {
    demand(!std::exchange(peer_of(pcb).got_fin, true), "closed twice");
  }

  static void close(tcp_pcb* pcb) {
    Peer& peer = peer_of(pcb);
    demand(pcb->callback_arg == nullptr, "a callback of a closed connection");
    // lwIP sends a reset when data wasn't taken in (tcp_close_shutdown).
    peer.got_reset |= !peer.got_fin && pcb->rcv_wnd != TCP_WND;
    peer.got_fin = true;
    peer.let_go();
  }

  static void abort(tcp_pcb* pcb) {
    Peer& peer = peer_of(pcb);
    demand(pcb->callback_arg == nullptr, "a callback of an aborted connection");
    peer.got_reset = true;
    peer.let_go();
  }
};

void Peer::open(std::uint16_t send_buffer, std::uint16_t tso_bytes) {
  pcb_ = new Pcb{};
  pcb_->peer = this;
  pcb_->snd_buf = send_buffer;
  pcb_->tso_bytes = tso_bytes;
  pcb_->mss = TCP_MSS;
  pcb_->rcv_wnd = TCP_WND;
  IP_ADDR4(&pcb_->remote_ip, 192, 0, 2, 7);
  refused = accept_function(nullptr, pcb_, ERR_OK) != ERR_OK;
  if (refused) {
    let_go();
  }
}

void Peer::let_go() {
  delete std::exchange(pcb_, nullptr);
  for (Reference& reference : references_) {
    text_blocks += std::exchange(reference.is_text, false) ? 1 : 0;
  }
}

// lwIP's rules for what a callback returns.
void Peer::settle(err_t result) {
  has_unsent_ = false;
  demand(result == ERR_ABRT ? pcb_ == nullptr : result == ERR_OK, "a callback's result");
}

void Peer::send(std::string_view bytes, std::size_t most, bool chained) {
  while (!bytes.empty() && pcb_ != nullptr && pcb_->recv != nullptr && pcb_->rcv_wnd > 0 &&
         !has_closed) {
    const std::size_t size = std::min({bytes.size(), most, std::size_t{pcb_->rcv_wnd}});
    deliver(bytes.substr(0, size), chained);
    bytes.remove_prefix(size);
  }
}

// As netstack/tcp/prompt_answer.cpp does it.
bool Peer::is_answered_promptly(std::string_view bytes) {
  if (!acknowledges || unacknowledged_ == 0 || unacknowledged_ > TCP_MSS || got_fin ||
      pcb_->rcv_wnd != TCP_WND) {
    return false;
  }
  const netstack::PromptReply reply = prompt_server.find(pcb_->callback_arg, bytes);
  if (reply.pieces.empty()) {
    return false;
  }
  pcb_->snd_buf = static_cast<tcpwnd_size_t>(pcb_->snd_buf + unacknowledged_);
  Tcp::forget(*this, std::exchange(unacknowledged_, 0));
  sent += bytes;
  for (const tcp_piece& piece : reply.pieces) {
    Tcp::put(pcb_, {static_cast<const char*>(piece.data), piece.len},
             &piece == reply.pieces.data());
  }
  has_unsent_ = false;
  demand(unacknowledged_ <= TCP_MSS, "a prompt answer is one segment");
  demand(reply.bytes == unacknowledged_, "a prompt answer is as long as it says");
  prompt_server.sent(pcb_->callback_arg, reply);
  return true;
}

void Peer::deliver(std::string_view bytes, bool chained) {
  if (!chained && is_answered_promptly(bytes)) {
    return;
  }
  if (acknowledges) {
    acknowledge(unacknowledged_);
    if (pcb_ == nullptr || pcb_->recv == nullptr) {
      return;
    }
  }
  const std::size_t first = chained ? (bytes.size() + 1) / 2 : bytes.size();
  pbuf* const frame = frame_of(bytes.substr(0, first));
  if (first < bytes.size()) {
    frame->next = frame_of(bytes.substr(first));
    frame->tot_len = static_cast<std::uint16_t>(bytes.size());
  }
  sent += bytes;
  pcb_->rcv_wnd = static_cast<tcpwnd_size_t>(pcb_->rcv_wnd - bytes.size());
  settle(pcb_->recv(pcb_->callback_arg, pcb_, frame, ERR_OK));
}

void Peer::close() {
  if (pcb_ != nullptr && !std::exchange(has_closed, true)) {
    settle(pcb_->recv(pcb_->callback_arg, pcb_, nullptr, ERR_OK));
  }
}

void Peer::reset() {
  if (pcb_ != nullptr) {
    has_reset = true;
    pcb_->errf(pcb_->callback_arg, ERR_RST);
    let_go();
  }
}

void Peer::acknowledge(std::size_t bytes) {
  bytes = std::min(bytes, unacknowledged_);
  unacknowledged_ -= bytes;
  Tcp::forget(*this, bytes);
  while (bytes > 0 && pcb_ != nullptr) {
    const auto part = static_cast<std::uint16_t>(std::min<std::size_t>(bytes, 0xFFFF));
    bytes -= part;
    pcb_->snd_buf += part;
    if (pcb_->sent != nullptr) {
      settle(pcb_->sent(pcb_->callback_arg, pcb_, part));
    }
  }
}

void Peer::poll() {
  if (pcb_ != nullptr && pcb_->poll != nullptr) {
    settle(pcb_->poll(pcb_->callback_arg, pcb_));
  }
}

void begin_run(unsigned interface, bool logs) {
  if (accept_function == nullptr) {
    static const http::LoopCounters loop{};
    http::Options options;
    options.endpoints = {
        .metrics = "/metrics", .metrics_for = http::Audience::on(1), .loop = &loop};
    options.log.combined = true;
    demand(http::set_up(ample_arena(), kAmplePlan.http), "the pools have their memory");
    demand(http::start(guarded_pack(), options), "the server starts");
  }
  wall_seconds = kStart;
  interface_now = interface;
  http::server.logs = logs;
  http::server.replies.forget_all();
  written = 0;
  fail_writes(0, 0);
  http::server.counters = {};
}

void end_run() {
  demand(http::counters().open == 0, "a connection is left");
  demand(http::counters().bytes == written, "the count of bytes is another");
  demand(frames == 0, "a frame is left");
  demand(http::RequestBuffer::in_use() == 0, "a request buffer is left");
  demand(http::ReplyTail::in_use() == 0, "a reply's tail is left");
  demand(text_blocks == kTextBlocks, "a block of text is left");
  demand(http::text_holders.empty() && http::tail_holders.empty(), "a holder of nothing");
  for (const auto phase :
       {http::Phase::kIdle, http::Phase::kReading, http::Phase::kSending, http::Phase::kDraining}) {
    demand(http::server.queue(phase).front() == nullptr, "a queue isn't empty");
  }
}

void pass_ticks(unsigned ticks) {
  for (; ticks > 0; --ticks) {
    timer(nullptr);
  }
}

void pass_seconds(unsigned seconds) { *wall_seconds += seconds; }

void fail_writes(std::size_t after, std::size_t failures) {
  writes_before_failure = after;
  failures_left = failures;
}

}  // namespace mote::fuzz

void mote::netstack::set_prompt_server(const PromptServer& server) {
  mote::fuzz::prompt_server = server;
}
std::size_t mote::netstack::text_blocks_left() { return mote::fuzz::text_blocks; }
unsigned mote::netstack::receiving_interface() { return mote::fuzz::interface_now; }

// What the server calls of lwIP.
extern "C" {

using mote::fuzz::Tcp;

const ip_addr_t ip_addr_any{};

u16_t mote_tcp_queue_limit() { return TCP_SND_QUEUELEN; }
tcp_pcb* tcp_new() { return &mote::fuzz::listener; }
err_t tcp_bind(tcp_pcb*, const ip_addr_t*, u16_t) { return ERR_OK; }
tcp_pcb* tcp_listen_with_backlog(tcp_pcb* pcb, u8_t) { return pcb; }
void tcp_accept(tcp_pcb*, tcp_accept_fn function) { mote::fuzz::accept_function = function; }
void tcp_arg(tcp_pcb* pcb, void* argument) { pcb->callback_arg = argument; }
void tcp_recv(tcp_pcb* pcb, tcp_recv_fn function) { pcb->recv = function; }
void tcp_sent(tcp_pcb* pcb, tcp_sent_fn function) { pcb->sent = function; }
void tcp_err(tcp_pcb* pcb, tcp_err_fn function) { pcb->errf = function; }
void tcp_poll(tcp_pcb* pcb, tcp_poll_fn function, u8_t) { pcb->poll = function; }
err_t tcp_write(tcp_pcb* pcb, const void* data, u16_t bytes, u8_t flags) {
  return Tcp::write(pcb, {static_cast<const char*>(data), bytes}, flags);
}
err_t tcp_write_pieces(tcp_pcb* pcb, const tcp_piece* pieces, u8_t count, u8_t flags) {
  return Tcp::write_pieces(pcb, {pieces, count}, flags);
}
err_t tcp_output(tcp_pcb* pcb) {
  Tcp::output(pcb);
  return ERR_OK;
}
void tcp_recved(tcp_pcb* pcb, u16_t bytes) {
  mote::fuzz::demand(pcb->rcv_wnd + bytes <= TCP_WND, "the window is opened too far");
  pcb->rcv_wnd = static_cast<tcpwnd_size_t>(pcb->rcv_wnd + bytes);
}
err_t tcp_shutdown(tcp_pcb* pcb, int receive, int transmit) {
  mote::fuzz::demand(receive == 0 && transmit == 1, "a shutdown of something else");
  Tcp::shut(pcb);
  return ERR_OK;
}
err_t tcp_close(tcp_pcb* pcb) {
  Tcp::close(pcb);
  return ERR_OK;
}
void tcp_setprio(tcp_pcb* pcb, u8_t priority) { pcb->prio = priority; }
void tcp_abort(tcp_pcb* pcb) { Tcp::abort(pcb); }
u8_t pbuf_free(pbuf* frame) {
  u8_t freed = 0;
  while (frame != nullptr) {
    pbuf* const next = frame->next;
    delete[] static_cast<char*>(frame->payload);
    delete frame;
    --mote::fuzz::frames;
    ++freed;
    frame = next;
  }
  return freed;
}
void sys_timeout(u32_t, sys_timeout_handler handler, void*) { mote::fuzz::timer = handler; }

}  // extern "C"
