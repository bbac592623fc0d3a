// A fake network for a server's tests: peers that do anything a peer can do, on streams that run
// out of room, memory and text blocks on demand. It checks every call by the server against the
// contract of netstack/stream.hpp, and that the memory it sends stays unchanged until it is
// acknowledged.
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

  // Connects. The server may have `room` bytes in flight.
  void open(std::uint32_t room = kSendBuffer);

  // Sends as much as the receive window allows, in segments of at most `most` bytes, each in two
  // pieces if `chained`. Returns how many bytes are left over.
  std::size_t send(std::string_view bytes, std::size_t most = kSegmentBytes, bool chained = false);

  void close();  // a FIN
  void reset();  // a RST
  void acknowledge(std::size_t bytes);
  void acknowledge_all() { acknowledge(unacknowledged()); }
  void retry();  // calls on_retry if the server asked for it

  [[nodiscard]] bool is_connected() const { return pcb_ != nullptr; }
  [[nodiscard]] bool refused() const { return refused_; }      // the server refused the connection
  [[nodiscard]] bool got_fin() const { return got_fin_; }      // the server has closed its side
  [[nodiscard]] bool got_reset() const { return got_reset_; }  // by the server
  [[nodiscard]] bool has_closed() const { return has_closed_; }
  [[nodiscard]] bool has_reset() const { return has_reset_; }
  [[nodiscard]] bool is_retried() const;
  [[nodiscard]] std::size_t window() const { return pcb_ == nullptr ? 0 : window_; }
  [[nodiscard]] std::size_t unacknowledged() const { return end_ - acknowledged_; }

  bool acknowledges =
      false;  // each segment acknowledges everything received, so it may be answered promptly
  std::string sent;        // to the server
  std::string received;    // from the server
  std::size_t copied = 0;  // bytes of these, sent by copy

 protected:
  // Sends one segment that acknowledges everything received, if it can be answered past TCP. False:
  // it can't, and nothing was sent.
  [[nodiscard]] bool is_answered_promptly(std::string_view bytes);

 private:
  friend class netstack::TcpStream;

  // Data sent but not acknowledged. The server's memory must stay unchanged until then.
  struct Reference {
    const std::byte* data;  // null: copied
    std::string content;
    bool is_text;  // occupies a block for copied text
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
  unsigned interface_ = 0;
  std::uint8_t address_ = 0;
  std::uint32_t room_ = 0;
  std::size_t window_ = kWindowBytes;
  std::uint32_t end_ = 0;           // bytes written
  std::uint32_t acknowledged_ = 0;  // of these
  bool refused_ = false;
  bool got_fin_ = false;
  bool got_reset_ = false;
  bool has_closed_ = false;
  bool has_reset_ = false;
};

// The interface that new peers come in by, and the last byte of their address.
inline unsigned interface = 0;
inline constexpr std::uint8_t kAddress = 7;
inline std::uint8_t address = kAddress;

// Blocks left for copied text, shared by all connections.
inline std::size_t text_blocks = 0;

// Answers requests promptly, unless null; and how many it has answered.
inline const netstack::PromptServer* prompt_server = nullptr;
inline std::size_t prompt_answers = 0;

// Whether memory may be sent by reference; null: any memory may.
inline bool (*may_be_sent)(std::string_view memory) = nullptr;

// Lets `after` more writes succeed, and then `failures` writes fail for lack of memory.
void fail_writes(std::size_t after, std::size_t failures);
[[nodiscard]] bool writes_will_fail();

// Writes tried; bytes written; and pieces of arrived data not yet given back.
inline std::size_t writes_tried = 0;
inline std::uint64_t bytes_written = 0;
inline std::size_t frames_held = 0;

// Advances the clock of call_later, in milliseconds or in the server's ticks.
void pass_time(std::uint32_t milliseconds);
void pass_ticks(unsigned ticks);

}  // namespace mote::fakes
