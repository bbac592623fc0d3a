// The life of a connection, as lwIP's raw API calls it (lwIP 2.2.1, doc/rawapi.txt).
#include "http/connection/connection.hpp"

#include "http/connection/server_state.hpp"
#include "http/limits.hpp"
#include "lwip/pbuf.h"
#include "lwip/tcp.h"
#include "netstack/interface/attachment.hpp"
#include "netstack/tcp/send_room.hpp"

namespace mote::http {

void Connection::begin(tcp_pcb* pcb) {
  pcb_ = pcb;
  writer_.belong_to(*this);
  tcp_arg(pcb, this);
  tcp_recv(pcb, on_receive);
  tcp_sent(pcb, on_sent);
  tcp_err(pcb, on_error);
  // A response is handed over whole, so there is nothing for Nagle's algorithm to gather.
  tcp_nagle_disable(pcb);
  netstack::widen_send_buffer(*pcb);
  ++server.counters.connections;
  ++server.counters.open;
  interface_ = static_cast<std::uint8_t>(netstack::receiving_interface());
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
  connection.writer_.acknowledge(bytes);
  connection.taken_ += bytes;
  connection.progress_ |=
      connection.phase_ != Phase::kReading &&
      (connection.taken_ >= limits::kLeastSendBytes || connection.writer_.in_flight() == 0);
  if (connection.is_sending()) {
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

void Connection::write_reply() { poll_if(!writer_.write(*pcb_)); }

void Connection::change_polls() {
  polls_ = !polls_;
  tcp_poll(pcb_, polls_ ? on_poll : nullptr, polls_ ? 1 : 0);
}

// What must follow on a response that is the last one, or after which no request can come.
void Connection::conclude_last() {
  if (!is_sending() && !closes_ && refused_) {
    answer(make_refusal(), {});
  }
  if (!is_sending() && !closes_ && peer_closed_) {
    if (mid_request_) {
      answer_error(Status::kBadRequest, buffer_.view());
    }
    closes_ = true;
  }
  if (closes_) {
    buffer_.clear();
    content_ = {};
    mid_request_ = waits_for_room_ = false;
  }
  if (!writer_.is_writing() && closes_ && !fin_sent_) {
    fin_sent_ = true;
    tcp_shutdown(pcb_, 0, 1);  // behind the response; lwIP tries again if it lacks the memory
  }
}

Phase Connection::current_phase() const {
  if (fin_sent_) {
    return writer_.in_flight() > 0 ? Phase::kSending : Phase::kDraining;
  }
  if (is_sending()) {
    return Phase::kSending;
  }
  return mid_request_ || is_reading_content() ? Phase::kReading : Phase::kIdle;
}

// The end of every callback: opens the receive window, and starts the time limit that is due.
err_t Connection::settle() {
  if (held_ > 0 && (!is_sending() || is_discarding())) {
    tcp_recved(pcb_, static_cast<std::uint16_t>(held_));
    held_ = 0;
  }
  if (fin_sent_ && peer_closed_ && writer_.in_flight() == 0) {
    return release();
  }
  const Phase phase = current_phase();
  if (phase != phase_ || (progress_ && since_ != server.ticks)) {
    enter(phase);
  } else if (progress_) {  // within a tick there is no first and no last
    begin_time();
  }
  return ERR_OK;
}

void Connection::enter(Phase phase) {
  server.queue(phase_).remove(*this);
  phase_ = phase;
  begin_time();
  server.queue(phase).push_back(*this);
}

void Connection::begin_time() {
  since_ = server.ticks;
  taken_ = 0;
  progress_ = false;
}

void Connection::expire() {
  switch (phase_) {
    case Phase::kIdle:
      ++server.counters.idle_timeouts;
      closes_ = true;
      break;
    case Phase::kReading:
      if (is_reading_content()) {  // of a request that is answered
        ++server.counters.content_timeouts;
        closes_ = true;
      } else {
        ++server.counters.header_timeouts;
        answer_error(Status::kRequestTimeout, buffer_.view());
      }
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
  // lwIP alone would keep its text for as long as it likes, and nobody could make it give way.
  if (phase_ == Phase::kSending || writer_.holds_text()) {
    abort();
    return;
  }
  if (phase_ == Phase::kReading && !is_reading_content()) {
    answer_error(Status::kServiceUnavailable, buffer_.view());
  }
  release();
}

void Connection::give_way() {
  ++server.counters.gave_way;
  abort();
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
  writer_.give_up();
  buffer_.clear();
  scanner_ = {};
  content_ = {};
  pcb_ = nullptr;
  taken_ = held_ = 0;
  mid_request_ = waits_for_room_ = closes_ = refused_ = false;
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
