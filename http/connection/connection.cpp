// The life of a connection.
#include "http/connection/connection.hpp"

#include "http/connection/server_state.hpp"
#include "http/limits.hpp"

namespace mote::http {

void Connection::begin(Stream stream, Source& source) {
  stream_ = stream;
  stream_.begin(*this);
  source_ = &source;
  writer_.belong_to(*this);
  ++server.counters.connections;
  ++server.counters.open;
  phase_ = Phase::kIdle;
  since_ = server.ticks;
  server.queue(phase_).push_back(*this);
}

void Connection::on_peer_closed() {
  peer_closed_ = true;
  conclude();
  settle();
}

void Connection::on_acknowledged(std::uint32_t bytes) {
  writer_.acknowledge(stream_, bytes);
  taken_ += bytes;
  progress_ |=
      phase_ != Phase::kReading && (taken_ >= limits::kLeastSendBytes || stream_.in_flight() == 0);
  if (is_sending()) {
    on_retry();
  } else {
    settle();
  }
}

// Continues sending as far as room and memory allow now.
void Connection::on_retry() {
  write_reply();
  serve_buffer();
  conclude();
  settle();
}

void Connection::on_lost() { recycle(); }

void Connection::write_reply() { retry_if(!writer_.write(stream_)); }

void Connection::change_retries() {
  retries_ = !retries_;
  stream_.retry_later<Connection>(retries_);
}

// Ends the connection behind its last response: a pending 503 first, and 400 for a request that the
// peer broke off by closing.
void Connection::conclude_last() {
  if (!is_sending() && !closes_ && refused_) {
    answer(make_refusal(), {});
  }
  if (!is_sending() && !closes_ && peer_closed_) {
    if (reader_.is_mid_request()) {
      answer_error(Status::kBadRequest, reader_.kept());
    }
    closes_ = true;
  }
  if (closes_) {
    reader_.discard_all();
    waits_for_room_ = false;
  }
  if (!writer_.is_writing() && closes_ && !fin_sent_) {
    fin_sent_ = true;
    stream_.close();  // behind the response
  }
}

Phase Connection::current_phase() const {
  if (fin_sent_) {
    return stream_.in_flight() > 0 ? Phase::kSending : Phase::kDraining;
  }
  if (is_sending() || stream_.in_flight() > limits::kSentSoon) {
    return Phase::kSending;
  }
  return reader_.is_mid_request() || reader_.is_reading_content() ? Phase::kReading : Phase::kIdle;
}

// Every event ends here: opens the receive window, enters the phase that now applies and starts its
// time limit.
void Connection::settle() {
  if (held_ > 0 && (!is_sending() || is_discarding())) {
    stream_.open_window(held_);
    held_ = 0;
  }
  if (fin_sent_ && peer_closed_ && stream_.in_flight() == 0) {
    release();
    return;
  }
  const Phase phase = current_phase();
  if (phase != phase_ || (progress_ && since_ != server.ticks)) {
    enter(phase);
  } else if (progress_) {  // the queue's order within one tick doesn't matter
    begin_time();
  }
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
      if (reader_.is_reading_content()) {  // of a request already answered
        ++server.counters.content_timeouts;
        closes_ = true;
      } else {
        ++server.counters.header_timeouts;
        answer_error(Status::kRequestTimeout, reader_.kept());
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
  stream_.flush();
  settle();
}

void Connection::finish() {
  closes_ = true;
  conclude();
  stream_.flush();
  settle();
}

void Connection::evict() {
  ++server.counters.evicted;
  // Left to TCP alone, copied text could be held indefinitely, and nothing could reclaim it.
  if (phase_ == Phase::kSending || writer_.holds_text()) {
    abort();
    return;
  }
  if (phase_ == Phase::kReading && !reader_.is_reading_content()) {
    answer_error(Status::kServiceUnavailable, reader_.kept());
  }
  release();
}

void Connection::give_way() {
  ++server.counters.gave_way;
  abort();
}

// TCP still delivers what is in flight.
void Connection::release() {
  stream_.release();
  recycle();
}

void Connection::abort() {
  stream_.abort();
  recycle();
}

// Returns the connection to the pool in its initial state.
void Connection::recycle() {
  server.queue(phase_).remove(*this);
  --server.counters.open;
  server.sources.leave(*std::exchange(source_, nullptr));
  writer_.give_up();
  reader_.discard_all();
  stream_ = {};
  taken_ = held_ = 0;
  waits_for_room_ = closes_ = refused_ = false;
  fin_sent_ = peer_closed_ = progress_ = retries_ = false;
  phase_ = Phase::kFree;
  server.queue(Phase::kFree).push_back(*this);
}

Connection* ConnectionQueue::greediest() const {
  Connection* greediest = front_;
  std::size_t looks = limits::kLooks;
  for (Connection* one = front_; one != nullptr && looks != 0; one = one->next_, --looks) {
    if (one->open_from_source() > greediest->open_from_source()) {
      greediest = one;
    }
  }
  return greediest;
}

std::size_t ConnectionQueue::size() const {
  std::size_t count = 0;
  for (const Connection* connection = front_; connection != nullptr;
       connection = connection->next_) {
    ++count;
  }
  return count;
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
