// The network as a server's tests play it: peers that do whatever peers do, on streams that run out
// of room, memory and text blocks when told to. Each call of the server's is checked against the
// seam's contract (netstack/stream.hpp), and each piece of memory that it sends against what it
// becomes until it is acknowledged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "netstack/stream.hpp"

namespace mote::fakes {

inline constexpr std::size_t kSegmentBytes = netstack::TcpStream::kSegmentBytes;
inline constexpr std::size_t kWindowBytes = netstack::TcpStream::kWindowBytes;
inline constexpr std::uint32_t kSendBuffer = 64 * kSegmentBytes;

// The other end of one connection.
class Peer {
 public:
  Peer() = default;
  ~Peer() { reset(); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  // Connects, with so much room for what the server sends, by a device that cuts segments of
  // `long_segment` bytes into frames; 0: it doesn't.
  void open(std::uint32_t room = kSendBuffer, std::uint32_t long_segment = 0);

  // Sends as far as the receive window allows, in segments of at most `most` bytes, each in two
  // pieces if `chained`. Returns how many bytes were left over.
  std::size_t send(std::string_view bytes, std::size_t most = kSegmentBytes, bool chained = false);

  void close();  // a FIN
  void reset();  // a RST
  void acknowledge(std::size_t bytes);
  void acknowledge_all() { acknowledge(unacknowledged()); }
  void retry();  // the server asked for it

  [[nodiscard]] bool is_connected() const { return pcb_ != nullptr; }
  [[nodiscard]] bool refused() const { return refused_; }      // by the server, at once
  [[nodiscard]] bool got_fin() const { return got_fin_; }      // the server has closed its side
  [[nodiscard]] bool got_reset() const { return got_reset_; }  // by the server
  [[nodiscard]] bool has_closed() const { return has_closed_; }
  [[nodiscard]] bool has_reset() const { return has_reset_; }
  [[nodiscard]] bool is_retried() const;
  [[nodiscard]] std::size_t window() const { return pcb_ == nullptr ? 0 : window_; }
  [[nodiscard]] std::size_t unacknowledged() const { return end_ - acknowledged_; }

  bool acknowledges = false;  // all that came, with each segment; then it may be answered promptly
  std::string sent;           // to the server
  std::string received;       // from the server
  std::size_t copied = 0;     // of these, by copy

 protected:
  // Sends one segment that acknowledges all that came and is answered past TCP, if it can be.
  // False: nothing was sent.
  [[nodiscard]] bool is_answered_promptly(std::string_view bytes);

 private:
  friend class netstack::TcpStream;

  // What is sent from the server's memory, which must stay until it is acknowledged.
  struct Reference {
    const std::byte* data;  // null: a copy was made
    std::string content;
    bool is_text;  // in a block for copied text
  };

  void deliver(std::string_view bytes, bool chained);
  [[nodiscard]] bool has_room_for(std::size_t bytes) const {
    return bytes <= room_ - unacknowledged();
  }
  void take_acknowledgement(std::size_t bytes);
  void put(Piece piece, bool copies);
  void let_go();

  tcp_pcb* pcb_ = nullptr;
  std::deque<Reference> references_;
  std::uint32_t room_ = 0;
  std::uint32_t long_segment_ = 0;
  std::size_t window_ = kWindowBytes;
  std::uint32_t end_ = 0;           // of what was written, in bytes
  std::uint32_t acknowledged_ = 0;  // of these
  bool has_unsent_ = false;         // it leaves at the end of an event
  bool refused_ = false;
  bool got_fin_ = false;
  bool got_reset_ = false;
  bool has_closed_ = false;
  bool has_reset_ = false;
};

// The interface by which new peers come.
inline unsigned interface = 0;

// How more of what is shared is left: blocks for copied text.
inline std::size_t text_blocks = 0;

// Who answers requests promptly, if anybody does; and how often that happened.
inline const netstack::PromptServer* prompt_server = nullptr;
inline std::size_t prompt_answers = 0;

// Whether memory may be sent by reference; null: all may.
inline bool (*may_be_sent)(std::string_view memory) = nullptr;

// Of the next writes, this many succeed, then this many fail for want of memory.
void fail_writes(std::size_t after, std::size_t failures);
[[nodiscard]] bool writes_will_fail();

// Writes that were tried, bytes that were written, and pieces of arrived data that the server
// hasn't returned from.
inline std::size_t writes_tried = 0;
inline std::uint64_t bytes_written = 0;
inline std::size_t frames_held = 0;

// Moves the clock of call_later on; the same in the server's ticks.
void pass_time(std::uint32_t milliseconds);
void pass_ticks(unsigned ticks);

}  // namespace mote::fakes
