// A world for the HTTP server's tests: lwIP's TCP is replaced by a fake that can run out of memory
// at any call, and a site made by tools/site/pack.py is served.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "lwip/tcp.h"
#include "tests/unit/http/site.hpp"

namespace mote::http_world {

// The server on fake TCP, started once for the whole program, or once more to change its mind about
// the access log.
void start_server(bool logs = false);

// What was written to the access log since the last call.
std::vector<std::string> take_log();

// On which interface new clients come.
inline unsigned interface = 0;

// Moves lwIP's timers on.
void pass_time(std::uint32_t milliseconds);

// Of the next writes, this many succeed, then this many fail for want of memory.
void fail_writes(std::size_t after, std::size_t failures);

// Whether requests are answered past lwIP where they can be, and how often they were.
inline bool answers_promptly = true;

// How many more blocks of text lwIP has memory for.
inline constexpr std::size_t kTextBlocks = 1000;
inline std::size_t text_blocks = kTextBlocks;
inline std::size_t prompt_answers = 0;

// Frame buffers that the server hasn't given back, and writes that were tried since the start.
std::size_t frames_held();
std::size_t writes_tried();

// The peer of one connection.
class Client {
 public:
  Client();
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Sends bytes as far as the receive window allows, in segments of at most `most` bytes and of at
  // least two frame buffers each if `chained`; returns how many bytes were left over.
  std::size_t send(std::string_view bytes, std::size_t most = TCP_MSS, bool chained = false);

  // Sends a segment that acknowledges all that came, too, as most requests do.
  void ask(std::string_view request);
  void close();  // a FIN
  void reset();  // a RST
  void acknowledge(std::size_t bytes);
  void acknowledge_all();
  void poll();  // lwIP's timer, and TCP's retry of a close
  [[nodiscard]] std::size_t window() const;

  // Acknowledges and polls until nothing more comes; returns all that came so far.
  std::string receive_all();

  [[nodiscard]] std::size_t unacknowledged() const { return unacknowledged_; }
  [[nodiscard]] bool accepted() const { return accepted_; }
  [[nodiscard]] bool got_fin() const { return got_fin_; }  // the server has closed its side
  [[nodiscard]] bool got_reset() const { return got_reset_; }
  [[nodiscard]] bool is_released() const { return pcb_ == nullptr; }  // the server let go of it
  [[nodiscard]] bool is_polled() const { return pcb_ != nullptr && pcb_->poll != nullptr; }

  std::string received;    // written by the server
  std::size_t copied = 0;  // how much of it lwIP was told to copy

 private:
  friend struct Fake;

  // What lwIP sends from the server's memory, which must stay as it is until it is acknowledged.
  struct Reference {
    const char* data;
    std::string content;
    bool is_text = false;  // in a block for copied text
  };

  tcp_pcb* pcb_ = nullptr;
  std::deque<Reference> references_;
  std::size_t unacknowledged_ = 0;
  bool has_unsent_ = false;  // lwIP sends at the end of a callback
  bool accepted_ = false;
  bool got_fin_ = false;
  bool got_reset_ = false;
  bool peer_closed_ = false;
};

// One response taken off the front of a stream.
struct Response {
  int status = 0;
  std::string head;
  std::string body;
};

// Takes a response off; `to_head` says that it answers HEAD. Fails the test if it isn't whole.
Response take_response(std::string& stream, bool to_head = false);

// A whole GET request for a target, with more field lines behind Host.
std::string get(std::string_view target, std::string_view fields = {});
inline constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

// The statuses of all responses in a stream, none of them to HEAD.
std::vector<int> statuses(std::string stream);

// What a connection of its own gets for these bytes before the peer closes it.
std::string answer(std::string_view request);

// Begins a test, and at its end proves that nothing was leaked.
struct Scene {
  Scene() { start_server(); }
  ~Scene();
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;
};

}  // namespace mote::http_world
