// The fake TCP under the HTTP server, and the site that it serves in tests.
#include "tests/unit/http/world.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <span>
#include <utility>

#include "http/connection/server.hpp"
#include "http/operations/access_log.hpp"
#include "http/reply/reply_tail.hpp"
#include "http/request/request_buffer.hpp"
#include "lwip/pbuf.h"
#include "lwip/timeouts.h"
#include "netstack/interface/attachment.hpp"
#include "netstack/limits.hpp"
#include "netstack/tcp/prompt_answer.hpp"
#include "netstack/tcp/send_room.hpp"
#include "tests/unit/ample_arena.hpp"

namespace mote::http_world {

namespace {

std::map<tcp_pcb*, Client*> clients;
tcp_accept_fn accept_function = nullptr;
tcp_pcb listener{};
sys_timeout_handler timer = nullptr;
std::uint32_t timer_ms = 0;
std::uint32_t waited_ms = 0;
std::size_t held = 0;
std::size_t tried = 0;
std::size_t writes_before_failure = std::numeric_limits<std::size_t>::max();
std::size_t failures_left = 0;
std::vector<std::string> log_lines;
netstack::PromptServer prompt_server{};

}  // namespace

// What lwIP does, for one connection.
struct Fake {
  static Client& client_of(tcp_pcb* pcb) {
    const auto found = clients.find(pcb);
    REQUIRE_MESSAGE(found != clients.end(), "a PCB is used that lwIP has freed");
    return *found->second;
  }

  static void free(Client& client) {
    clients.erase(client.pcb_);
    for (Client::Reference& reference : client.references_) {
      text_blocks += std::exchange(reference.is_text, false) ? 1 : 0;
    }
    delete std::exchange(client.pcb_, nullptr);
  }

  // Whether the next write is one that fails.
  static bool lacks_memory() {
    ++tried;
    const bool lacks = writes_before_failure == 0 && failures_left > 0;
    failures_left -= lacks ? 1 : 0;
    writes_before_failure -= writes_before_failure > 0 ? 1 : 0;
    return lacks;
  }

  static void put(Client& client, std::string_view content, bool copies) {
    client.pcb_->snd_buf -= static_cast<tcpwnd_size_t>(content.size());
    client.unacknowledged_ += content.size();
    client.has_unsent_ = true;
    client.received += content;
    client.copied += copies ? content.size() : 0;
    // lwIP reads its own copy, as good as one from this one.
    const bool is_text = copies && content.size() > limits::kFirstTextBytes;
    text_blocks -= is_text ? 1 : 0;
    client.references_.push_back(
        {copies ? nullptr : content.data(), std::string(content), is_text});
  }

  static err_t write(tcp_pcb* pcb, const void* data, std::uint16_t bytes, bool copies) {
    Client& client = client_of(pcb);
    REQUIRE((bytes > 0 && bytes <= pcb->snd_buf));
    REQUIRE_FALSE(client.got_fin_);
    if (lacks_memory()) {
      return ERR_MEM;
    }
    put(client, {static_cast<const char*>(data), bytes}, copies);
    return ERR_OK;
  }

  // Only what is a segment of its own (patch 21).
  static err_t write_pieces(tcp_pcb* pcb, std::span<const tcp_piece> pieces, bool copies) {
    Client& client = client_of(pcb);
    REQUIRE((pieces.size() <= TCP_WRITE_PIECES && !client.got_fin_));
    std::size_t bytes = 0;
    for (const tcp_piece& piece : pieces) {
      bytes += piece.len;
    }
    if (lacks_memory() || client.has_unsent_ || bytes > pcb->snd_buf || bytes > pcb->mss) {
      return ERR_MEM;
    }
    for (const tcp_piece& piece : pieces) {
      put(client, {static_cast<const char*>(piece.data), piece.len},
          copies && &piece == pieces.data());
    }
    return ERR_OK;
  }

  // Of what was sent, the oldest bytes aren't needed any more; until now they might have been.
  static void forget(Client& client, std::size_t bytes) {
    while (bytes > 0) {
      Client::Reference& oldest = client.references_.front();
      const std::size_t part = std::min(bytes, oldest.content.size());
      if (oldest.data != nullptr) {
        REQUIRE(std::string_view(oldest.data, part) == oldest.content.substr(0, part));
        oldest.data += part;
      }
      oldest.content.erase(0, part);
      bytes -= part;
      if (oldest.content.empty()) {
        text_blocks += oldest.is_text ? 1 : 0;
        client.references_.pop_front();
      }
    }
  }

  static void output(tcp_pcb* pcb) { client_of(pcb).has_unsent_ = false; }

  static void shut(tcp_pcb* pcb) {
    Client& client = client_of(pcb);
    REQUIRE_FALSE(client.got_fin_);
    client.got_fin_ = true;
  }

  static void close(tcp_pcb* pcb) {
    Client& client = client_of(pcb);
    // lwIP sends a reset when data wasn't taken in (tcp_close_shutdown).
    client.got_reset_ |= !client.got_fin_ && pcb->rcv_wnd != TCP_WND;
    client.got_fin_ = true;
    REQUIRE(pcb->callback_arg == nullptr);
    free(client);
  }

  static void abort(tcp_pcb* pcb) {
    Client& client = client_of(pcb);
    client.got_reset_ = true;
    REQUIRE(pcb->callback_arg == nullptr);
    free(client);
  }

  // The result of a callback.
  static void after(Client& client, err_t result) {
    client.has_unsent_ = false;
    if (result == ERR_ABRT) {
      REQUIRE(client.pcb_ == nullptr);
    } else {
      REQUIRE(result == ERR_OK);  // anything else would make lwIP hold on to a frame buffer
    }
  }
};

void start_server(bool logs) {
  static std::unique_ptr<PackFile> file;
  if (!file) {
    file = std::make_unique<PackFile>(pack_folder(example_site()));
  }
  if (accept_function == nullptr || http::options().log.combined != logs) {
    const auto pack = http::SitePack::open(file->bytes());
    REQUIRE(pack.has_value());
    http::Options options{.port = 80, .header_time_ms = 10'000, .idle_time_ms = 15'000};
    options.log.combined = logs;
    if (accept_function == nullptr) {
      REQUIRE(http::set_up(ample_arena(), kAmplePlan.http));
    }
    REQUIRE(http::start(*pack, options));
  }
  log_lines.clear();
  interface = 0;
  fail_writes(std::numeric_limits<std::size_t>::max(), 0);
}

void pass_time(std::uint32_t milliseconds) {
  for (waited_ms += milliseconds; waited_ms >= timer_ms; waited_ms -= timer_ms) {
    timer(nullptr);
  }
}

void fail_writes(std::size_t after, std::size_t failures) {
  writes_before_failure = after;
  failures_left = failures;
}

std::vector<std::string> take_log() { return std::exchange(log_lines, {}); }

std::size_t frames_held() { return held; }
std::size_t writes_tried() { return tried; }

Client::Client() : pcb_(new tcp_pcb{}) {
  pcb_->snd_buf = TCP_SND_BUF;
  pcb_->mss = TCP_MSS;
  pcb_->rcv_wnd = TCP_WND;
  IP_ADDR4(&pcb_->remote_ip, 192, 0, 2, 7);
  clients[pcb_] = this;
  accepted_ = accept_function(nullptr, pcb_, ERR_OK) == ERR_OK;
  if (!accepted_) {
    got_reset_ = true;
    Fake::free(*this);
  }
}

Client::~Client() {
  if (pcb_ != nullptr) {
    reset();
  }
}

std::size_t Client::window() const { return pcb_ == nullptr ? 0 : pcb_->rcv_wnd; }

std::size_t Client::send(std::string_view bytes, std::size_t most, bool chained) {
  while (!bytes.empty() && pcb_ != nullptr && pcb_->recv != nullptr && window() > 0) {
    const std::size_t size = std::min({bytes.size(), most, window()});
    // Exactly as large as its content, so that the sanitizer sees any byte read behind it.
    const auto frame_of = [](std::string_view content) {
      auto* const frame = new pbuf{};
      frame->payload =
          std::copy(content.begin(), content.end(), new char[content.size()]) - content.size();
      frame->len = frame->tot_len = static_cast<std::uint16_t>(content.size());
      frame->ref = 1;
      ++held;
      return frame;
    };
    const std::size_t first = chained ? (size + 1) / 2 : size;
    pbuf* const frame = frame_of(bytes.substr(0, first));
    if (first < size) {
      frame->next = frame_of(bytes.substr(first, size - first));
      frame->tot_len = static_cast<std::uint16_t>(size);
    }
    pcb_->rcv_wnd = static_cast<tcpwnd_size_t>(pcb_->rcv_wnd - size);
    bytes.remove_prefix(size);
    Fake::after(*this, pcb_->recv(pcb_->callback_arg, pcb_, frame, ERR_OK));
  }
  return bytes.size();
}

void Client::ask(std::string_view request) {
  const bool is_expected = pcb_ != nullptr && unacknowledged_ > 0 && unacknowledged_ <= TCP_MSS &&
                           !got_fin_ && !peer_closed_ && pcb_->rcv_wnd == TCP_WND &&
                           failures_left == 0;  // past lwIP no memory is needed
  const netstack::PromptReply reply = is_expected && answers_promptly
                                          ? prompt_server.find(pcb_->callback_arg, request)
                                          : netstack::PromptReply{};
  if (reply.pieces.empty()) {
    acknowledge_all();
    send(request);
    return;
  }
  Fake::forget(*this, unacknowledged_);
  pcb_->snd_buf = static_cast<tcpwnd_size_t>(pcb_->snd_buf + unacknowledged_);
  unacknowledged_ = 0;
  for (const tcp_piece& piece : reply.pieces) {
    Fake::put(*this, {static_cast<const char*>(piece.data), piece.len},
              &piece == reply.pieces.data());
  }
  has_unsent_ = false;
  REQUIRE(unacknowledged_ <= TCP_MSS);
  REQUIRE(reply.bytes == unacknowledged_);
  prompt_server.sent(pcb_->callback_arg, reply);
  ++prompt_answers;
}

void Client::close() {
  peer_closed_ = true;
  if (pcb_ != nullptr) {
    Fake::after(*this, pcb_->recv(pcb_->callback_arg, pcb_, nullptr, ERR_OK));
  }
}

void Client::reset() {
  if (pcb_ != nullptr) {
    pcb_->errf(pcb_->callback_arg, ERR_RST);
    Fake::free(*this);
  }
}

void Client::acknowledge(std::size_t bytes) {
  unacknowledged_ -= bytes;
  Fake::forget(*this, bytes);
  while (bytes > 0 && pcb_ != nullptr) {
    const auto part = static_cast<std::uint16_t>(std::min<std::size_t>(bytes, 0xFFFF));
    bytes -= part;
    pcb_->snd_buf += part;
    if (pcb_->sent != nullptr) {
      Fake::after(*this, pcb_->sent(pcb_->callback_arg, pcb_, part));
    }
  }
}

void Client::acknowledge_all() { acknowledge(unacknowledged_); }

void Client::poll() {
  if (pcb_ != nullptr && pcb_->poll != nullptr) {
    Fake::after(*this, pcb_->poll(pcb_->callback_arg, pcb_));
  }
}

Scene::~Scene() {
  CHECK(http::counters().open == 0);
  CHECK(frames_held() == 0);
  CHECK(http::RequestBuffer::in_use() == 0);
  CHECK(http::ReplyTail::in_use() == 0);
  CHECK(text_blocks == kTextBlocks);
}

}  // namespace mote::http_world

// What is above the server and beside it.
namespace mote {

void netstack::set_prompt_server(const PromptServer& server) { http_world::prompt_server = server; }
unsigned netstack::receiving_interface() { return http_world::interface; }

void http::log_access(std::uint32_t peer, std::string_view line, std::string_view fields,
                      std::uint16_t status, std::uint64_t body_bytes) {
  std::string text;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    text += std::to_string(peer >> shift & 0xFF) + (shift == 0 ? " " : ".");
  }
  text += std::string(line) + " | " + std::string(fields) + "| " + std::to_string(status) + " ";
  http_world::log_lines.push_back(text + std::to_string(body_bytes));
}

}  // namespace mote

std::size_t mote::netstack::text_blocks_left() { return mote::http_world::text_blocks; }

// lwIP's functions, as the server calls them.
extern "C" {

using mote::http_world::Fake;

const ip_addr_t ip_addr_any{};

u16_t mote_tcp_queue_limit() { return TCP_SND_QUEUELEN; }
tcp_pcb* tcp_new() { return &mote::http_world::listener; }
err_t tcp_bind(tcp_pcb*, const ip_addr_t*, u16_t) { return ERR_OK; }
tcp_pcb* tcp_listen_with_backlog(tcp_pcb* pcb, u8_t) { return pcb; }
void tcp_accept(tcp_pcb*, tcp_accept_fn function) { mote::http_world::accept_function = function; }
void tcp_arg(tcp_pcb* pcb, void* argument) { pcb->callback_arg = argument; }
void tcp_recv(tcp_pcb* pcb, tcp_recv_fn function) { pcb->recv = function; }
void tcp_sent(tcp_pcb* pcb, tcp_sent_fn function) { pcb->sent = function; }
void tcp_err(tcp_pcb* pcb, tcp_err_fn function) { pcb->errf = function; }
void tcp_poll(tcp_pcb* pcb, tcp_poll_fn function, u8_t) { pcb->poll = function; }
err_t tcp_write(tcp_pcb* pcb, const void* data, u16_t bytes, u8_t flags) {
  return Fake::write(pcb, data, bytes, (flags & TCP_WRITE_FLAG_COPY) != 0);
}
err_t tcp_write_pieces(tcp_pcb* pcb, const tcp_piece* pieces, u8_t count, u8_t flags) {
  return Fake::write_pieces(pcb, {pieces, count}, (flags & TCP_WRITE_FLAG_COPY) != 0);
}
err_t tcp_output(tcp_pcb* pcb) {
  Fake::output(pcb);
  return ERR_OK;
}
void tcp_recved(tcp_pcb* pcb, u16_t bytes) {
  REQUIRE(pcb->rcv_wnd + bytes <= TCP_WND);
  pcb->rcv_wnd = static_cast<tcpwnd_size_t>(pcb->rcv_wnd + bytes);
}
err_t tcp_shutdown(tcp_pcb* pcb, int receive, int transmit) {
  REQUIRE(receive == 0);
  REQUIRE(transmit == 1);
  Fake::shut(pcb);
  return ERR_OK;
}
err_t tcp_close(tcp_pcb* pcb) {
  Fake::close(pcb);
  return ERR_OK;
}
void tcp_setprio(tcp_pcb* pcb, u8_t priority) { pcb->prio = priority; }
void tcp_abort(tcp_pcb* pcb) { Fake::abort(pcb); }
u8_t pbuf_free(pbuf* frame) {
  u8_t freed = 0;
  while (frame != nullptr) {
    pbuf* const next = frame->next;
    delete[] static_cast<char*>(frame->payload);
    delete frame;
    --mote::http_world::held;
    ++freed;
    frame = next;
  }
  return freed;
}
void sys_timeout(u32_t milliseconds, sys_timeout_handler handler, void*) {
  mote::http_world::timer = handler;
  mote::http_world::timer_ms = milliseconds;
}

}  // extern "C"
