// A reply being sent: the part that the stream doesn't have yet, and the resources held until the
// peer acknowledges.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "http/reply/holding.hpp"
#include "http/reply/reply.hpp"
#include "netstack/stream.hpp"

namespace mote::http {

// The stream HTTP runs over.
using Stream = netstack::TcpStream;
static_assert(netstack::Stream<Stream>);

// Its owner is static and never destroyed, so `give_up` takes a destructor's place.
class ReplyWriter {
 public:
  ReplyWriter() = default;
  ReplyWriter(const ReplyWriter&) = delete;
  ReplyWriter& operator=(const ReplyWriter&) = delete;

  // Takes over a reply with its tail, and begins to write it; the reply before must be written.
  // Returns false as write does.
  [[nodiscard]] bool begin(Stream& stream, const Reply& reply) {
    if (reply.tail != nullptr) [[unlikely]] {
      hold_tail(*reply.tail);
      return write_slowly(stream, reply);
    }
    return write_at_once(stream, reply) || write_slowly(stream, reply);
  }

  // Names the connection this is a part of. Call once, before everything else.
  void belong_to(Connection& owner) { text_.owner = &owner; }

  // Hands the stream as much of the rest as it takes. False: it lacked memory; try again a little
  // later, because no event need follow when nothing is in flight.
  [[nodiscard]] bool write(Stream& stream);

  // Drops the unwritten rest, and releases everything held for the written part.
  void give_up();

  // The peer has acknowledged this many more bytes.
  void acknowledge(const Stream& stream, std::uint32_t bytes) {
    if (holds_text() || tail_ != nullptr) [[unlikely]] {
      note_progress(stream, bytes);
    }
  }

  // The peer has acknowledged everything that was in flight.
  void acknowledge_all() {
    if (holds_text()) [[unlikely]] {
      let_go_of_text();
    }
  }

  // Some blocks of copied text aren't acknowledged yet.
  [[nodiscard]] bool holds_text() const { return texts_ > 0; }

  [[nodiscard]] bool is_writing() const { return rest_ > 0; }

  // Whether there is room for the head of one more reply. Without this check, a peer that takes
  // nothing would keep a tail from others for as long as it may stall.
  [[nodiscard]] static bool has_room(const Stream& stream);

 private:
  enum class Result : std::uint8_t { kTaken, kNoRoom, kNoMemory };

  [[nodiscard]] static bool write_at_once(Stream& stream, const Reply& reply);
  [[nodiscard]] bool write_slowly(Stream& stream, const Reply& reply);
  [[nodiscard]] Result write_piece(Stream& stream, Piece& piece);

  // Resources held until acknowledged (http/reply/holding.hpp). Not inlined: most replies hold
  // nothing.
  [[gnu::noinline]] void hold_tail(ReplyTail& tail);
  [[gnu::noinline]] void hold_text(const Stream& stream);
  [[gnu::noinline]] void let_go_of_text();
  [[gnu::noinline]] void note_progress(const Stream& stream, std::uint32_t bytes);
  [[gnu::noinline]] [[nodiscard]] Result room_for_text() const;

  std::array<Piece, Reply::kPieces> pieces_{};  // unwritten: rest_ of them, from first_ on
  ReplyTail* tail_ = nullptr;                   // follows the pieces
  Stream::Position text_end_ = 0;               // the end of the last text
  std::uint32_t progress_ = 0;                  // bytes acknowledged since the last progress
  Holding text_;
  std::uint16_t texts_ = 0;  // blocks of text written since all of it was acknowledged
  std::uint8_t first_ = 0;
  std::uint8_t rest_ = 0;
  bool copies_ = false;  // the first unwritten piece is to be copied
};

}  // namespace mote::http
