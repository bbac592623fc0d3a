// lwIP's TCP as the connection fuzzer plays it: each call is checked against lwIP's contract, and
// each piece of memory that is to be sent against what may be sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "lwip/tcp.h"

namespace mote::fuzz {

class Peer;

// A PCB that knows whose it is.
struct Pcb : tcp_pcb {
  Peer* peer;
};

// The other end of one connection.
class Peer {
 public:
  Peer() = default;
  ~Peer() { reset(); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  // Connects: with room for so many bytes in the send buffer, and a device that takes segments of
  // `tso_bytes`, or 0.
  void open(std::uint16_t send_buffer, std::uint16_t tso_bytes);

  // Sends what the window takes, in segments of at most `most` bytes, each in two pieces if
  // `chained`.
  void send(std::string_view bytes, std::size_t most, bool chained);
  void close();
  void reset();
  void acknowledge(std::size_t bytes);
  void poll();

  // Acknowledges and polls until nothing more comes.
  void take_all();

  [[nodiscard]] bool is_connected() const { return pcb_ != nullptr; }
  [[nodiscard]] bool is_window_open() const { return pcb_ == nullptr || pcb_->rcv_wnd == TCP_WND; }
  [[nodiscard]] std::size_t unacknowledged() const { return unacknowledged_; }

  bool acknowledges = false;  // all that came, with each segment
  std::string sent;           // to the server
  std::string received;       // from it
  bool refused = false;       // the server didn't accept it
  bool got_fin = false;
  bool got_reset = false;   // the server gave it up
  bool has_closed = false;  // this side
  bool has_reset = false;

 private:
  friend struct Tcp;

  // What lwIP sends from the server's memory, which must stay until it is acknowledged.
  struct Reference {
    const char* data;
    std::string content;
    bool is_text = false;  // in a block for copied text
  };

  void deliver(std::string_view bytes, bool chained);
  [[nodiscard]] bool is_answered_promptly(std::string_view bytes);
  void settle(err_t result);
  void let_go();

  Pcb* pcb_ = nullptr;
  std::deque<Reference> references_;
  std::size_t unacknowledged_ = 0;
  bool has_unsent_ = false;  // lwIP sends at the end of a callback
};

// The server on this TCP, started once; puts clock, failures, counters and known requests of a run
// to their start. With the access log no request is known.
void begin_run(unsigned interface, bool logs);

// Proves that the server holds nothing any more.
void end_run();

void pass_ticks(unsigned ticks);

extern constinit std::size_t text_blocks;  // left of those for copied text

// Text may have to wait until another gives way.
inline void Peer::take_all() {
  do {
    acknowledge(unacknowledged_);
    poll();
    if (text_blocks == 0) {
      pass_ticks(1);
    }
  } while (unacknowledged_ > 0 || (pcb_ != nullptr && pcb_->poll != nullptr));
}

void pass_seconds(unsigned seconds);

// Of the next writes, this many succeed, then this many fail for want of memory.
void fail_writes(std::size_t after, std::size_t failures);

}  // namespace mote::fuzz
