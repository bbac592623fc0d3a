// One HTTP connection: from lwIP's callbacks to responses.
//
// Every callback changes what the connection knows, sends what can be sent, and ends in `settle`,
// which finds out from those facts in which phase the connection is, and so which time limit it
// is under. The phases are not kept in step by hand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/connection/reply_writer.hpp"
#include "http/reply/reply.hpp"
#include "http/request/content.hpp"
#include "http/request/request.hpp"
#include "http/request/request_buffer.hpp"
#include "http/request/section_scanner.hpp"
#include "lwip/err.h"
#include "netstack/tcp/prompt_answer.hpp"

struct pbuf;
struct tcp_pcb;

namespace mote::http {

enum class Phase : std::uint8_t {
  kFree,      // in the pool
  kIdle,      // between requests
  kReading,   // a request has begun, or has been answered while its content is still coming
  kSending,   // a response isn't yet in lwIP's hands, or the last one isn't yet acknowledged
  kDraining,  // we have closed; what the peer still sends is discarded until it closes
};
inline constexpr std::size_t kPhases = 5;

class ConnectionQueue;

class Connection {
 public:
  // Takes over a new lwIP connection.
  void begin(tcp_pcb* pcb);

  // The time limit of its phase is over. Leaves the phase, or begins it anew.
  void expire();

  // Makes room for another connection at once. An unfinished request gets 503 if lwIP takes it; a
  // response that isn't whole ends in a reset.
  void evict();

  // Resets it, for another needs what it has held longest.
  void give_way();

  // How requests on connections are answered without lwIP.
  [[nodiscard]] static netstack::PromptServer prompt_server();

  // The time at which its phase began, in ticks.
  [[nodiscard]] std::uint32_t since() const { return since_; }

 private:
  friend class ConnectionQueue;

  static err_t on_receive(void* self, tcp_pcb* pcb, pbuf* data, err_t error);
  static err_t on_sent(void* self, tcp_pcb* pcb, std::uint16_t bytes);
  static err_t on_poll(void* self, tcp_pcb* pcb);
  static void on_error(void* self, err_t error);

  // Past lwIP: connection_prompt.cpp.
  static netstack::PromptReply find_prompt(const void* self, std::string_view bytes);
  static void note_prompt(void* self, const netstack::PromptReply& found);

  // From bytes to responses: connection_input.cpp.
  void receive(const pbuf& data);
  void take_in(const pbuf& data);
  [[nodiscard]] bool answer_again(std::string_view input);
  [[nodiscard]] std::size_t serve(std::string_view input);
  void serve_buffer();
  [[nodiscard]] std::size_t answer_request(std::string_view section, std::string_view rest);
  [[nodiscard]] std::size_t read_content(std::string_view input);
  void keep(const pbuf& data, std::size_t from);
  [[nodiscard]] bool store(std::string_view bytes);
  void give_up_buffer();
  void refuse();
  [[nodiscard]] Reply reply_to(const Request& request);
  void answer(const Reply& reply, std::string_view line, std::string_view fields = {});
  void send(const Reply& reply);
  void answer_error(Status status, std::string_view request);
  void log(const Reply& reply, std::string_view line, std::string_view fields) const;

  // The rest: connection.cpp.
  void write_reply();
  void poll_if(bool wanted) {
    if (wanted != polls_) {
      change_polls();
    }
  }
  void change_polls();
  void conclude() {
    if (is_discarding() || peer_closed_) {
      conclude_last();
    }
  }
  void conclude_last();
  err_t settle();
  err_t release();
  void abort();
  void detach();
  void recycle();
  void enter(Phase phase);
  void begin_time();

  // All that came was answered, and lwIP has all answers; at rest, all have arrived.
  [[nodiscard]] bool is_quiet() const {
    return !mid_request_ && !waits_for_room_ && !is_discarding() && !writer_.is_writing() &&
           buffer_.empty() && !is_reading_content();
  }
  [[nodiscard]] bool is_at_rest() const { return is_quiet() && writer_.in_flight() == 0; }
  [[nodiscard]] bool is_discarding() const { return closes_ || refused_; }
  [[nodiscard]] bool is_reading_content() const {
    return content_.state() == ContentReader::State::kReading;
  }
  // A response isn't yet in lwIP's hands, or the next one must wait for room.
  [[nodiscard]] bool is_sending() const { return writer_.is_writing() || waits_for_room_; }
  [[nodiscard]] Phase current_phase() const;

  Connection* next_ = nullptr;  // in the queue of its phase
  Connection* previous_ = nullptr;
  tcp_pcb* pcb_ = nullptr;
  ReplyWriter writer_;
  std::uint32_t since_ = 0;
  std::uint32_t taken_ = 0;  // bytes acknowledged since the phase's time limit began
  std::uint32_t held_ = 0;   // bytes received for which the window isn't yet opened again
  RequestBuffer buffer_;
  SectionScanner scanner_;  // of the request that begins where buffer_ begins
  ContentReader content_;   // of the request answered last; while it reads, buffer_ is empty
  Phase phase_ = Phase::kFree;
  std::uint8_t interface_ = 0;       // where the connection came in
  bool mid_request_ : 1 = false;     // part of a request's header section has come
  bool waits_for_room_ : 1 = false;  // what has come isn't looked at before the peer takes more
  bool closes_ : 1 = false;          // this response is the last one
  bool refused_ : 1 = false;         // a 503 follows this response: something was discarded
  bool fin_sent_ : 1 = false;
  bool peer_closed_ : 1 = false;
  bool progress_ : 1 = false;  // the phase's time limit starts anew
  bool polls_ : 1 = false;     // lwIP calls on_poll
};

// The connections in one phase, those longest in it first.
class ConnectionQueue {
 public:
  [[nodiscard]] Connection* front() const { return front_; }
  void push_back(Connection& connection);
  void remove(Connection& connection);

 private:
  Connection* front_ = nullptr;
  Connection* back_ = nullptr;
};

}  // namespace mote::http
