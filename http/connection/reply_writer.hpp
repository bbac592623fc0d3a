// A reply on its way: what of it lwIP doesn't have yet, and how much of it the peer hasn't taken.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "http/reply/holding.hpp"
#include "http/reply/reply.hpp"
#include "lwip/tcp.h"

namespace mote::http {

// Its owner is static and never destroyed, so `give_up` takes a destructor's place.
class ReplyWriter {
 public:
  ReplyWriter() = default;
  ReplyWriter(const ReplyWriter&) = delete;
  ReplyWriter& operator=(const ReplyWriter&) = delete;

  // Takes over a reply, tail and all, when the one before is written, and begins to write it. False
  // as with write.
  [[nodiscard]] bool begin(tcp_pcb& pcb, const Reply& reply) {
    if (reply.tail != nullptr) [[unlikely]] {
      hold_tail(*reply.tail);
      return write_all(pcb, reply.pieces);
    }
    return write_at_once(pcb, reply.pieces) || write_all(pcb, reply.pieces);
  }

  // Whose it is a part of; once, before all else.
  void belong_to(Connection& owner) { text_.owner = &owner; }

  // Hands lwIP as much of the rest as it takes. False: lwIP lacked memory, and may not call back by
  // itself, because nothing need be in flight; so try again a little later.
  [[nodiscard]] bool write(tcp_pcb& pcb);

  // What isn't written yet never will be, and what is written is none of our business any more.
  void give_up();

  // The peer has taken so many bytes.
  void acknowledge(std::uint32_t bytes) {
    in_flight_ -= bytes;
    if (holds_text() || tail_ != nullptr) [[unlikely]] {
      note_progress(bytes);
    }
  }

  // All that was in flight was acknowledged, and a reply of so many bytes sent past this.
  void replace(std::uint32_t bytes) {
    in_flight_ = bytes;
    if (holds_text()) [[unlikely]] {
      let_go_of_text();
    }
  }

  // Blocks of copied text aren't acknowledged yet.
  [[nodiscard]] bool holds_text() const { return texts_ > 0; }

  [[nodiscard]] bool is_writing() const { return rest_ > 0; }

  // Whether there is room for the head of one more reply. A peer that takes nothing would keep its
  // tail, which others could use, for as long as it may stall.
  [[nodiscard]] bool has_room(const tcp_pcb& pcb) const;
  [[nodiscard]] std::uint32_t in_flight() const { return in_flight_; }

 private:
  enum class Result : std::uint8_t { kTaken, kNoRoom, kNoMemory };

  // A piece in less memory.
  struct Part {
    const char* data;
    std::uint64_t bytes : 63;
    std::uint64_t copied : 1;
  };

  using Pieces = std::array<Reply::Piece, Reply::kPieces>;

  [[nodiscard]] bool write_at_once(tcp_pcb& pcb, const Pieces& pieces);
  [[nodiscard]] bool write_all(tcp_pcb& pcb, Pieces pieces);
  [[nodiscard]] Result write(tcp_pcb& pcb, Reply::Piece& piece, bool is_last) const;
  [[nodiscard]] std::uint64_t room_for(const tcp_pcb& pcb, const Reply::Piece& piece) const;
  void keep(const Pieces& pieces, std::size_t from, std::size_t end);

  // What is held until it is acknowledged (http/reply/holding.hpp). Most replies hold nothing: kept
  // out of their way.
  [[gnu::noinline]] void hold_tail(ReplyTail& tail);
  [[gnu::noinline]] void hold_text();
  [[gnu::noinline]] void let_go_of_text();
  [[gnu::noinline]] void note_progress(std::uint32_t bytes);
  [[gnu::noinline]] [[nodiscard]] Result room_for_text() const;

  std::array<Part, Reply::kPieces> parts_{};  // what isn't written, at the front
  ReplyTail* tail_ = nullptr;                 // what comes behind it
  std::uint32_t in_flight_ = 0;               // bytes written to lwIP and not yet acknowledged
  std::uint32_t text_ahead_ = 0;              // of these up to the last text's end
  std::uint32_t progress_ = 0;                // bytes acknowledged since the last progress
  Holding text_;
  std::uint16_t texts_ = 0;  // blocks of text written since all of it was acknowledged
  std::uint8_t rest_ = 0;    // how many of parts_ there are
};

}  // namespace mote::http
