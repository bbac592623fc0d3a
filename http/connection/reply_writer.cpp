// Sends replies by reference, piece by piece.
#include "http/connection/reply_writer.hpp"

#include <algorithm>
#include <span>

#include "http/connection/server_state.hpp"
#include "http/limits.hpp"
#include "http/reply/reply_tail.hpp"
#include "netstack/limits.hpp"

namespace mote::http {
namespace {

// Room to wait for before answering: all of a reply except bodies from the pack, that is, its
// preface, the site's and Mote's own field lines, and a tail's text; and the blocks for a preface
// in one piece of copied text.
constexpr std::uint32_t kHeadBytes = 6 * 1024 + limits::kReplyTextBytes;
constexpr unsigned kHeadBlocks = 1 + limits::kTextBlocks;

}  // namespace

bool ReplyWriter::has_room(const Stream& stream) {
  return stream.in_flight() == 0 || stream.has_room(kHeadBytes, kHeadBlocks);
}

void ReplyWriter::give_up() {
  if (tail_ != nullptr) {
    tail_->release();
    tail_ = nullptr;
  }
  if (holds_text()) {
    let_go_of_text();
  }
  progress_ = 0;
  rest_ = 0;
}

// Writes a whole reply at once, with its preface copied.
// False: that isn't possible, and nothing was written.
bool ReplyWriter::write_at_once(Stream& stream, const Reply& reply) {
  static_assert(Reply::kPieces <= Stream::kMessagePieces);
  if (!stream.write_message(std::span(reply.pieces).first(reply.count), reply.bytes)) {
    return false;
  }
  server.counters.bytes += reply.bytes;
  return true;
}

bool ReplyWriter::write_slowly(Stream& stream, const Reply& reply) {
  std::ranges::copy_n(reply.pieces.begin(), reply.count, pieces_.begin());
  first_ = 0;
  rest_ = reply.count;
  copies_ = true;
  return write(stream);
}

bool ReplyWriter::write(Stream& stream) {
  while (rest_ > 0) {
    const Result result = write_piece(stream, pieces_[first_]);
    if (result != Result::kTaken) {
      return result == Result::kNoRoom;
    }
    ++first_;
    --rest_;
    copies_ = false;
    if (rest_ == 0 && tail_ != nullptr) {
      tail_ = tail_->next(pieces_[0], copies_);
      first_ = 0;
      rest_ = 1;
    }
  }
  return true;
}

// Writes as much of a piece as there is room for: nearly always all of it, because what lies in the
// pack takes no memory. kTaken: all of it is written.
ReplyWriter::Result ReplyWriter::write_piece(Stream& stream, Piece& piece) {
  if (piece.bytes == 0) {
    return Result::kTaken;
  }
  const bool is_text = copies_ && piece.bytes > limits::kFirstTextBytes;
  if (is_text) {
    const Result result = room_for_text();
    if (result != Result::kTaken) {
      return result;
    }
  }
  const std::size_t bytes = std::min<std::size_t>(piece.bytes, stream.room());
  if (bytes == 0 || (copies_ && bytes < piece.bytes)) {
    return Result::kNoRoom;
  }
  const auto how = copies_ ? Stream::Write::kCopied : Stream::Write::kReferenced;
  if (!stream.write({piece.data, bytes}, how)) {
    ++server.counters.no_memory;
    return Result::kNoMemory;
  }
  if (is_text) {
    hold_text(stream);
  }
  server.counters.bytes += bytes;
  piece = {piece.data + bytes, piece.bytes - bytes};
  return piece.bytes == 0 ? Result::kTaken : Result::kNoRoom;
}

void ReplyWriter::hold_tail(ReplyTail& tail) {
  tail_ = &tail;
  tail.holding().owner = text_.owner;
  tail_holders.add(tail.holding(), server.ticks);
}

void ReplyWriter::hold_text(const Stream& stream) {
  text_end_ = stream.end();
  if (texts_++ == 0) {
    text_holders.add(text_, server.ticks);
  }
}

void ReplyWriter::let_go_of_text() {
  text_holders.remove(text_);
  texts_ = 0;
}

void ReplyWriter::note_progress(const Stream& stream, std::uint32_t bytes) {
  if (holds_text() && stream.has_let_go(text_end_)) {
    let_go_of_text();
  }
  progress_ += bytes;
  if (progress_ >= limits::kLeastHoldBytes || stream.in_flight() == 0) {
    progress_ = 0;
    text_holders.renew(text_, server.ticks);
    if (tail_ != nullptr && !tail_->holding().has_page) {
      tail_holders.renew(tail_->holding(), server.ticks);
    }
  }
}

// Whether one more block of text may be written. A connection that holds many waits until some are
// acknowledged.
ReplyWriter::Result ReplyWriter::room_for_text() const {
  const std::size_t left = netstack::text_blocks_left();
  if (texts_ >= std::max(limits::kHeldTexts, left / limits::kTextShare)) {
    return Result::kNoRoom;
  }
  if (left == 0) {
    Connection* const holder = text_holders.longest_holder(server.ticks, text_.owner);
    if (holder != nullptr) {
      holder->give_way();
    }
    if (!netstack::has_text_room()) {
      ++server.counters.no_memory;
      return Result::kNoMemory;
    }
  }
  return Result::kTaken;
}

}  // namespace mote::http
