// One HTTP connection: from its stream's events to responses.
//
// Every event updates the connection's facts, sends as much as possible, and ends in `settle`,
// which derives the phase, and with it the time limit, from those facts. No handler sets the phase
// by hand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/connection/reply_writer.hpp"
#include "http/connection/sources.hpp"
#include "http/reply/reply.hpp"
#include "http/request/request.hpp"
#include "http/request/request_reader.hpp"
#include "netstack/stream.hpp"

namespace mote::http {

enum class Phase : std::uint8_t {
  kFree,      // in the pool
  kIdle,      // between requests
  kReading,   // a request has begun, or was answered while its content is still arriving
  kSending,   // TCP doesn't have all of a response yet, or the last one isn't acknowledged
  kDraining,  // we have closed; discards input until the peer closes too
};
inline constexpr std::size_t kPhases = 5;

class ConnectionQueue;

class Connection {
 public:
  // Takes over a new stream, from an address that has entered for it.
  void begin(Stream stream, Source& source);

  // The stream's events (netstack/stream.hpp).
  void on_arrived(netstack::Arrived data);
  void on_peer_closed();
  void on_acknowledged(std::uint32_t bytes);
  void on_retry();
  void on_lost();

  // Requests answered before TCP sees them (netstack/tcp/prompt_answer.hpp).
  [[nodiscard]] netstack::PromptReply find_prompt(std::string_view bytes) const;
  void note_prompt(const netstack::PromptReply& found);

  // Its phase's time limit has passed. Leaves the phase, or starts it again.
  void expire();

  // Frees the connection at once for a new one. An unfinished request gets 503 if TCP takes it; an
  // unfinished response ends in a reset.
  void evict();

  // Closes it behind what it is sending. Without effect on a response, but none will follow.
  void finish();

  // Resets it.
  void abort();

  // Resets it: another connection needs a resource that this one has held longest.
  void give_way();

  // When its phase began, in ticks.
  [[nodiscard]] std::uint32_t since() const { return since_; }

  // How many connections its address has open.
  [[nodiscard]] std::uint32_t open_from_source() const { return source_->open; }

 private:
  friend class ConnectionQueue;

  // From bytes to responses: connection_answers.cpp.
  void take_in(netstack::Arrived data);
  [[nodiscard]] bool answer_again(std::string_view input);
  [[nodiscard]] std::size_t serve(std::string_view input);
  void serve_buffer();
  [[nodiscard]] std::size_t answer_request(std::string_view section, std::string_view rest);
  [[nodiscard]] std::size_t read_content(std::string_view input);
  void keep(netstack::Arrived data, std::size_t from);
  [[nodiscard]] bool store(std::string_view bytes);
  void give_up_buffer();
  void refuse();
  [[nodiscard]] Reply reply_to(const Request& request);
  void answer(const Reply& reply, std::string_view line, std::string_view fields = {});
  void send(const Reply& reply);
  void answer_error(Status status, std::string_view request);
  void log(const Reply& reply, std::string_view line, std::string_view fields) const;

  // Everything else: connection.cpp.
  void write_reply();
  void retry_if(bool wanted) {
    if (wanted != retries_) {
      change_retries();
    }
  }
  void change_retries();
  void conclude() {
    if (is_discarding() || peer_closed_) {
      conclude_last();
    }
  }
  void conclude_last();
  void settle();
  void release();
  void recycle();
  void enter(Phase phase);
  void begin_time();

  // Quiet: all input is answered, and TCP has all the answers. At rest: all are acknowledged, too.
  [[nodiscard]] bool is_quiet() const {
    return reader_.is_idle() && !waits_for_room_ && !is_discarding() && !writer_.is_writing();
  }
  [[nodiscard]] bool is_at_rest() const { return is_quiet() && stream_.in_flight() == 0; }
  [[nodiscard]] bool is_discarding() const { return closes_ || refused_; }
  // TCP doesn't have all of a response yet, or the next one must wait for room.
  [[nodiscard]] bool is_sending() const { return writer_.is_writing() || waits_for_room_; }
  [[nodiscard]] Phase current_phase() const;

  Connection* next_ = nullptr;  // in the queue of its phase
  Connection* previous_ = nullptr;
  Source* source_ = nullptr;
  Stream stream_;
  ReplyWriter writer_;
  std::uint32_t since_ = 0;
  std::uint32_t taken_ = 0;  // bytes acknowledged since the phase's time limit began
  std::uint32_t held_ = 0;   // bytes received for which the window hasn't been reopened
  RequestReader reader_;
  Phase phase_ = Phase::kFree;
  bool waits_for_room_ : 1 = false;  // input isn't read until the peer takes more
  bool closes_ : 1 = false;          // this response is the last one
  bool refused_ : 1 = false;         // input was discarded: a 503 follows this response
  bool fin_sent_ : 1 = false;
  bool peer_closed_ : 1 = false;
  bool progress_ : 1 = false;  // restart the phase's time limit
  bool retries_ : 1 = false;   // on_retry is due
};

static_assert(netstack::PromptAnswerer<Connection>);

// The connections in one phase, those longest in it at the front.
class ConnectionQueue {
 public:
  [[nodiscard]] Connection* front() const { return front_; }
  [[nodiscard]] std::size_t size() const;  // counts them

  // Among the first limits::kLooks one whose address has most connections, the first of equals.
  // Null: the queue is empty.
  [[nodiscard]] Connection* greediest() const;

  void push_back(Connection& connection);
  void remove(Connection& connection);

 private:
  Connection* front_ = nullptr;
  Connection* back_ = nullptr;
};

}  // namespace mote::http
