// Replies by reference, piece by piece, as much at a time as is worth a segment.
#include "http/connection/reply_writer.hpp"

#include <algorithm>

#include "http/connection/server_state.hpp"
#include "http/limits.hpp"
#include "http/reply/reply_tail.hpp"
#include "lwip/tcp.h"
#include "netstack/limits.hpp"
#include "netstack/tcp/send_room.hpp"

namespace mote::http {
namespace {

// All of a reply but what is sent of the pack's bodies: preface, the site's and the firmware's own
// lines, and a tail's text; and for each piece and segment a header and what it refers to.
constexpr std::uint32_t kHeadBytes = 6 * 1024 + limits::kReplyTextBytes;
constexpr unsigned kHeadPbufs = 24;

}  // namespace

bool ReplyWriter::has_room(const tcp_pcb& pcb) const {
  return in_flight_ == 0 || netstack::has_room(pcb, kHeadBytes, kHeadPbufs);
}

bool ReplyWriter::write(tcp_pcb& pcb) {
  Pieces pieces{};
  for (std::size_t at = 0; at < rest_; ++at) {
    const Part& part = parts_[at];
    pieces[at] = {.data = part.data, .bytes = part.bytes, .copied = part.copied != 0};
  }
  return write_all(pcb, pieces);
}

void ReplyWriter::give_up() {
  if (tail_ != nullptr) {
    tail_->release();
    tail_ = nullptr;
  }
  if (holds_text()) {
    let_go_of_text();
  }
  in_flight_ = progress_ = 0;
  rest_ = 0;
}

// All of a reply as one segment, its preface copied into the segment's own header. False: it can't
// be one, and nothing has happened.
bool ReplyWriter::write_at_once(tcp_pcb& pcb, const Pieces& pieces) {
  static_assert(Reply::kPieces <= TCP_WRITE_PIECES);
  const GatheredPieces all(pieces);
  if (all.bytes > tcp_sndbuf(&pcb) ||
      tcp_write_pieces(&pcb, all.pieces.data(), all.count, TCP_WRITE_FLAG_COPY) != ERR_OK) {
    return false;
  }
  in_flight_ += static_cast<std::uint32_t>(all.bytes);
  server.counters.bytes += all.bytes;
  return true;
}

bool ReplyWriter::write_all(tcp_pcb& pcb, Pieces pieces) {
  std::size_t end = pieces.size();
  while (end > 0 && pieces[end - 1].bytes == 0) {
    --end;
  }
  for (;;) {
    for (std::size_t at = 0; at < end; ++at) {
      Reply::Piece& piece = pieces[at];
      const bool is_last = at + 1 == end && tail_ == nullptr;
      while (piece.bytes > 0) {
        const std::uint64_t before = piece.bytes;
        const Result result = write(pcb, piece, is_last);
        if (result != Result::kTaken) {
          keep(pieces, at, end);
          return result == Result::kNoRoom;
        }
        in_flight_ += static_cast<std::uint32_t>(before - piece.bytes);
        if (piece.copied && before > limits::kFirstTextBytes) {
          hold_text();
        }
        server.counters.bytes += before - piece.bytes;
      }
    }
    if (tail_ == nullptr) {
      rest_ = 0;
      return true;
    }
    tail_ = tail_->next(pieces[0]);
    end = 1;
  }
}

void ReplyWriter::keep(const Pieces& pieces, std::size_t from, std::size_t end) {
  rest_ = 0;
  for (std::size_t at = from; at < end; ++at) {
    const Reply::Piece& piece = pieces[at];
    parts_[rest_++] = {.data = piece.data, .bytes = piece.bytes, .copied = piece.copied};
  }
}

// How many bytes of a piece are to be handed over now.
std::uint64_t ReplyWriter::room_for(const tcp_pcb& pcb, const Reply::Piece& piece) const {
  const std::uint64_t room = tcp_sndbuf(&pcb);  // at most 65,535
  if (room >= piece.bytes) {
    return piece.bytes;
  }
  if (piece.copied || (in_flight_ > 0 && room < netstack::worthwhile_room(pcb))) {
    return 0;
  }
  return room - room % tcp_mss(&pcb);  // no small segment in the middle of a body
}

// Writes what there is room for; when lwIP lacks memory, half of it, and so on.
ReplyWriter::Result ReplyWriter::write(tcp_pcb& pcb, Reply::Piece& piece, bool is_last) const {
  std::uint64_t bytes = room_for(pcb, piece);
  if (bytes == 0) {
    return Result::kNoRoom;
  }
  if (piece.copied && bytes > limits::kFirstTextBytes) {
    const Result result = room_for_text();
    if (result != Result::kTaken) {
      return result;
    }
  }
  for (;;) {
    const bool more = !is_last || bytes < piece.bytes;
    const auto flags = static_cast<std::uint8_t>((more ? TCP_WRITE_FLAG_MORE : 0) |
                                                 (piece.copied ? TCP_WRITE_FLAG_COPY : 0));
    if (tcp_write(&pcb, piece.data, static_cast<std::uint16_t>(bytes), flags) == ERR_OK) {
      piece.data += bytes;
      piece.bytes -= bytes;
      return Result::kTaken;
    }
    if (piece.copied || bytes <= tcp_mss(&pcb)) {
      ++server.counters.no_memory;
      return Result::kNoMemory;
    }
    bytes /= 2;
  }
}

void ReplyWriter::hold_tail(ReplyTail& tail) {
  tail_ = &tail;
  tail.holding().owner = text_.owner;
  tail_holders.add(tail.holding(), server.ticks);
}

void ReplyWriter::hold_text() {
  text_ahead_ = in_flight_;
  if (texts_++ == 0) {
    text_holders.add(text_, server.ticks);
  }
}

void ReplyWriter::let_go_of_text() {
  text_holders.remove(text_);
  text_ahead_ = 0;
  texts_ = 0;
}

void ReplyWriter::note_progress(std::uint32_t bytes) {
  text_ahead_ -= std::min(text_ahead_, bytes);
  if (text_ahead_ == 0) {
    let_go_of_text();
  }
  progress_ += bytes;
  if (progress_ >= limits::kLeastHoldBytes || in_flight_ == 0) {
    progress_ = 0;
    text_holders.renew(text_, server.ticks);
    if (tail_ != nullptr && !tail_->holding().has_page) {
      tail_holders.renew(tail_->holding(), server.ticks);
    }
  }
}

// Whether one more block of text may be written. Who has many waits until some are acknowledged.
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
