// The life of a connection, as lwIP's raw API calls it (lwIP 2.2.1, doc/rawapi.txt).
#include "http/connection.hpp"

#include "http/server_state.hpp"
#include "kernel/limits.hpp"
#include "lwip/pbuf.h"
#include "lwip/tcp.h"
#include "netstack/send_room.hpp"

namespace mote::http {
namespace {

using namespace std::string_view_literals;
// What can come while a response is being sent fits into a buffer: the rest of one segment, and a
// receive window that isn't opened before the response is written.
static_assert(TCP_WND + TCP_MSS <= limits::kLargeRequestBytes);

std::string_view bytes_of(const pbuf& data, std::size_t from) {
  return {static_cast<const char*>(data.payload) + from, data.len - from};
}

// Empty lines before a request are passed over (RFC 9112, 2.2).
std::size_t leading_empty_lines(std::string_view input) {
  std::size_t at = 0;
  while (input.size() - at >= 2 && input[at] == '\r' && input[at + 1] == '\n') {
    at += 2;
  }
  return at;
}

Status status_of(SectionScanner::Verdict verdict) {
  switch (verdict) {
    case SectionScanner::Verdict::kLineTooLong:
      return Status::kUriTooLong;
    case SectionScanner::Verdict::kTooLarge:
      return Status::kHeaderFieldsTooLarge;
    default:
      return Status::kBadRequest;
  }
}

}  // namespace

void Connection::begin(tcp_pcb* pcb) {
  pcb_ = pcb;
  tcp_arg(pcb, this);
  tcp_recv(pcb, on_receive);
  tcp_sent(pcb, on_sent);
  tcp_err(pcb, on_error);
  // A response is handed over whole, so there is nothing for Nagle's algorithm to gather.
  tcp_nagle_disable(pcb);
  netstack::widen_send_buffer(*pcb);
  ++server.counters.connections;
  ++server.counters.open;
  phase_ = Phase::kIdle;
  since_ = server.ticks;
  server.queue(phase_).push_back(*this);
}

err_t Connection::on_receive(void* self, tcp_pcb* /*pcb*/, pbuf* data, err_t /*error*/) {
  auto& connection = *static_cast<Connection*>(self);
  if (data == nullptr) {
    connection.peer_closed_ = true;
  } else {
    connection.receive(*data);
    pbuf_free(data);
  }
  connection.conclude();
  return connection.settle();
}

err_t Connection::on_sent(void* self, tcp_pcb* /*pcb*/, std::uint16_t bytes) {
  auto& connection = *static_cast<Connection*>(self);
  connection.in_flight_ -= bytes;
  connection.taken_ += bytes;
  connection.progress_ |=
      connection.phase_ != Phase::kReading &&
      (connection.taken_ >= limits::kLeastSendBytes || connection.in_flight_ == 0);
  if (connection.replying_) {
    connection.write_reply();
    connection.serve_buffer();
    connection.conclude();
  }
  return connection.settle();
}

// Only while lwIP lacked the memory for a write.
err_t Connection::on_poll(void* self, tcp_pcb* /*pcb*/) {
  auto& connection = *static_cast<Connection*>(self);
  connection.write_reply();
  connection.serve_buffer();
  connection.conclude();
  return connection.settle();
}

// lwIP has already freed its side.
void Connection::on_error(void* self, err_t /*error*/) {
  static_cast<Connection*>(self)->recycle();
}

void Connection::receive(const pbuf& data) {
  held_ += data.tot_len;
  if (is_discarding()) {
    return;
  }
  if (replying_ || !buffer_.empty() || data.next != nullptr) {
    keep(data, 0);
    serve_buffer();
  } else {  // the way of nearly all requests: answered where they lie
    const std::size_t used = serve(bytes_of(data, 0));
    if (used < data.len && !is_discarding()) {
      keep(data, used);
    }
  }
}

// Answers the requests at the beginning of `input`, until one isn't complete or its response
// doesn't go out at once. Returns how many bytes they were.
std::size_t Connection::serve(std::string_view input) {
  const std::size_t size = input.size();
  while (!replying_ && !is_discarding()) {
    if (scanner_.bytes() == 0) {
      input.remove_prefix(leading_empty_lines(input));
    }
    mid_request_ = !input.empty();
    if (input.empty() || input == "\r"sv) {
      break;
    }
    const SectionScanner::Verdict verdict = scanner_.scan(input);
    if (verdict == SectionScanner::Verdict::kIncomplete) {
      break;
    }
    const std::string_view section{input.data(), scanner_.bytes()};
    scanner_ = {};
    mid_request_ = false;
    // A request that was waiting is no sign that the peer takes its responses.
    progress_ |= phase_ != Phase::kSending;
    answer(verdict == SectionScanner::Verdict::kComplete
               ? make_reply(section, server.pack, server.scratch)
               : make_error(status_of(verdict), section));
    input.remove_prefix(section.size());
  }
  return size - input.size();
}

void Connection::serve_buffer() {
  if (!buffer_.empty()) {
    buffer_.consume(serve(buffer_.view()));
  }
}

// Copies what came, from byte `from` of its first piece on, so that lwIP's buffers are free again.
void Connection::keep(const pbuf& data, std::size_t from) {
  for (const pbuf* piece = &data; piece != nullptr; piece = piece->next, from = 0) {
    if (!store(bytes_of(*piece, from))) {
      refuse();
      return;
    }
  }
}

// When no buffer is free, the connection that has held one longest makes room. It can't be this
// one, which holds none or too small a one.
bool Connection::store(std::string_view bytes) {
  if (buffer_.append(bytes, *this)) {
    return true;
  }
  Connection* const holder = RequestBuffer::longest_holder(buffer_.view().size() + bytes.size());
  if (holder == nullptr) {
    return false;
  }
  holder->give_up_buffer();
  return buffer_.append(bytes, *this);
}

void Connection::give_up_buffer() {
  refuse();
  conclude();
  tcp_output(pcb_);
  settle();
}

void Connection::refuse() {
  refused_ = true;
  refused_head_ = buffer_.view().starts_with("HEAD "sv);
  mid_request_ = false;
  buffer_.clear();
  ++server.counters.no_buffer;
}

void Connection::answer(const Reply& reply) {
  pieces_ = reply.pieces;
  piece_ = 0;
  replying_ = true;
  closes_ |= reply.closes;
  ++server.counters.responses[reply.status / 100];
  write_reply();
}

// Hands lwIP as much of the response as it takes.
void Connection::write_reply() {
  while (piece_ < pieces_.size()) {
    Reply::Piece& piece = pieces_[piece_];
    if (piece.bytes > 0) {
      const bool is_last = piece_ + 1U == pieces_.size() || pieces_[piece_ + 1U].bytes == 0;
      const std::size_t written = write(piece, is_last);
      if (written == 0) {
        return;
      }
      piece.data += written;
      piece.bytes -= written;
      in_flight_ += static_cast<std::uint32_t>(written);
      server.counters.bytes += written;
    }
    if (piece.bytes == 0) {
      ++piece_;
    }
  }
  replying_ = false;
  if (polls_) {
    polls_ = false;
    tcp_poll(pcb_, nullptr, 0);
  }
}

// Writes by reference. Returns how many bytes lwIP took; when none, it calls again later.
std::size_t Connection::write(const Reply::Piece& piece, bool is_last) {
  std::uint64_t bytes = tcp_sndbuf(pcb_);  // at most 65,535
  if (bytes >= piece.bytes) {
    bytes = piece.bytes;
  } else if (in_flight_ > 0 && bytes < netstack::worthwhile_room(*pcb_)) {
    return 0;
  } else {
    bytes -= bytes % tcp_mss(pcb_);  // no small segment in the middle of a body
  }
  while (bytes > 0) {
    const bool more = !is_last || bytes < piece.bytes;
    const std::uint8_t flags = more ? TCP_WRITE_FLAG_MORE : 0;
    if (tcp_write(pcb_, piece.data, static_cast<std::uint16_t>(bytes), flags) == ERR_OK) {
      return bytes;
    }
    bytes = bytes > tcp_mss(pcb_) ? bytes / 2 : 0;
    if (bytes == 0) {  // out of segments: nothing in flight might tell when there are some
      ++server.counters.no_memory;
      polls_ = true;
      tcp_poll(pcb_, on_poll, 1);
    }
  }
  return 0;
}

// Between responses: what must follow from what happened meanwhile.
void Connection::conclude() {
  if (!replying_ && !closes_ && refused_) {
    answer(make_error(Status::kServiceUnavailable, refused_head_ ? "HEAD "sv : ""sv));
  }
  if (!replying_ && !closes_ && peer_closed_) {
    if (mid_request_) {
      answer(make_error(Status::kBadRequest, buffer_.view()));
    }
    closes_ = true;
  }
  if (closes_) {
    buffer_.clear();
    mid_request_ = false;
  }
  if (!replying_ && closes_ && !fin_sent_) {
    fin_sent_ = true;
    tcp_shutdown(pcb_, 0, 1);  // behind the response; lwIP tries again if it lacks the memory
  }
}

Phase Connection::current_phase() const {
  if (fin_sent_) {
    return in_flight_ > 0 ? Phase::kSending : Phase::kDraining;
  }
  return replying_ ? Phase::kSending : mid_request_ ? Phase::kReading : Phase::kIdle;
}

// The end of every callback: opens the receive window, and starts the time limit that is due.
err_t Connection::settle() {
  if (held_ > 0 && (!replying_ || is_discarding())) {
    tcp_recved(pcb_, static_cast<std::uint16_t>(held_));
    held_ = 0;
  }
  if (fin_sent_ && peer_closed_ && in_flight_ == 0) {
    return release();
  }
  const Phase phase = current_phase();
  if (phase != phase_ || progress_) {
    enter(phase);
  }
  return ERR_OK;
}

void Connection::enter(Phase phase) {
  server.queue(phase_).remove(*this);
  phase_ = phase;
  since_ = server.ticks;
  taken_ = 0;
  progress_ = false;
  server.queue(phase).push_back(*this);
}

void Connection::expire() {
  switch (phase_) {
    case Phase::kIdle:
      ++server.counters.idle_timeouts;
      closes_ = true;
      break;
    case Phase::kReading:
      ++server.counters.header_timeouts;
      answer(make_error(Status::kRequestTimeout, buffer_.view()));
      break;
    case Phase::kSending:
      ++server.counters.stalls;
      abort();
      return;
    case Phase::kDraining:
      release();
      return;
    case Phase::kFree:
      return;
  }
  conclude();
  tcp_output(pcb_);
  settle();
}

void Connection::evict() {
  ++server.counters.evicted;
  if (phase_ == Phase::kSending) {
    abort();
    return;
  }
  if (phase_ == Phase::kReading) {
    answer(make_error(Status::kServiceUnavailable, buffer_.view()));
  }
  release();
}

// Gives lwIP's side back to lwIP, which finishes what is in flight by itself. A peer that never
// closes its side would keep the PCB for long: the least priority lets lwIP take it for a new
// connection when it has no other.
err_t Connection::release() {
  tcp_pcb* const pcb = pcb_;
  detach();
  recycle();
  tcp_setprio(pcb, TCP_PRIO_MIN);
  if (tcp_close(pcb) != ERR_OK) {
    tcp_abort(pcb);
    return ERR_ABRT;
  }
  return ERR_OK;
}

void Connection::abort() {
  tcp_pcb* const pcb = pcb_;
  detach();
  recycle();
  tcp_abort(pcb);
}

void Connection::detach() {
  tcp_arg(pcb_, nullptr);
  tcp_recv(pcb_, nullptr);
  tcp_sent(pcb_, nullptr);
  tcp_err(pcb_, nullptr);
  tcp_poll(pcb_, nullptr, 0);
}

// Back to the pool, as good as new.
void Connection::recycle() {
  server.queue(phase_).remove(*this);
  --server.counters.open;
  buffer_.clear();
  scanner_ = {};
  pcb_ = nullptr;
  in_flight_ = taken_ = held_ = 0;
  replying_ = mid_request_ = closes_ = refused_ = refused_head_ = false;
  fin_sent_ = peer_closed_ = progress_ = polls_ = false;
  phase_ = Phase::kFree;
  server.queue(Phase::kFree).push_back(*this);
}

void ConnectionQueue::push_back(Connection& connection) {
  connection.next_ = nullptr;
  connection.previous_ = back_;
  (back_ == nullptr ? front_ : back_->next_) = &connection;
  back_ = &connection;
}

void ConnectionQueue::remove(Connection& connection) {
  (connection.previous_ == nullptr ? front_ : connection.previous_->next_) = connection.next_;
  (connection.next_ == nullptr ? back_ : connection.next_->previous_) = connection.previous_;
}

}  // namespace mote::http
