// From a request to the bytes of its response: by reference, and formatted only where it must be.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "http/pack/site_pack.hpp"
#include "http/reply/preface.hpp"
#include "http/request/request.hpp"
#include "lwip/tcp.h"
#include "netstack/limits.hpp"

namespace mote::http {

class ReplyTail;  // http/reply/reply_tail.hpp

// What a reply had to do without: with it, it would be another.
enum class Shortage : std::uint8_t { kNone, kTail, kMetricsPage };

// What is to be sent: at most kPieces pieces of memory, and then those of `tail`, if there is one.
struct Reply {
  struct Piece {
    const char* data = nullptr;
    std::uint64_t bytes = 0;
    bool copied = false;  // the memory may change once lwIP took the piece (all of it, at most
                          // kCopiedBytes), and before that to what is as good; else it stays
  };
  static constexpr std::size_t kPieces = 4;
  static constexpr std::size_t kCopiedBytes = limits::kCopiedBytes;

  std::array<Piece, kPieces> pieces{};  // the unused ones are empty
  ReplyTail* tail = nullptr;            // owned: gives itself back with its last piece; to be
                                        // released if the reply is given up before
  std::uint16_t status = 0;
  Persistence persistence = Persistence::kSilent;
  bool repeats = false;  // the same header section gets the same again, wherever and whenever it
                         // comes, but for the preface

  Shortage shortage = Shortage::kNone;

  std::uint64_t body_bytes = 0;  // bytes of content, for logs

  // Nothing may follow it on its connection.
  [[nodiscard]] bool closes() const { return persistence == Persistence::kClose; }
};

// The preface is always the first piece.
inline void set_preface(Reply& reply) {
  const std::string_view text = preface(reply.status, reply.persistence);
  reply.pieces[0] = {.data = text.data(), .bytes = text.size(), .copied = true};
}

// A reply with nothing but its preface.
inline Reply begin_reply(std::uint16_t status, Persistence persistence) {
  Reply reply{.status = status, .persistence = persistence};
  set_preface(reply);
  return reply;
}

// Pieces as lwIP takes them, without the empty ones, and their bytes.
struct GatheredPieces {
  std::array<tcp_piece, Reply::kPieces> pieces{};
  std::uint8_t count = 0;
  std::uint64_t bytes = 0;  // with more than 65,535, `pieces` are no good

  constexpr GatheredPieces() = default;

  // By another that isn't empty either.
  void replace_first(const Reply::Piece& piece) {
    bytes += piece.bytes - pieces[0].len;
    pieces[0] = {.data = piece.data, .len = static_cast<std::uint16_t>(piece.bytes)};
  }

  explicit GatheredPieces(const std::array<Reply::Piece, Reply::kPieces>& given) {
    for (const Reply::Piece& piece : given) {
      if (piece.bytes > 0) {
        pieces[count++] = {.data = piece.data, .len = static_cast<std::uint16_t>(piece.bytes)};
        bytes += piece.bytes;
      }
    }
  }
};

// Where a request came in.
struct Origin {
  unsigned interface = 0;  // its index
};

// The response to a request that parse_request has read. `scratch` is for decoding, and must be as
// long as the longest request line.
[[nodiscard]] Reply make_reply(const Request& request, const Origin& origin, const SitePack& pack,
                               std::span<char> scratch);

// The response to what can't be read as a request; it ends the connection. `request` is what has
// come of it: no response to HEAD has content, errors no more than others (RFC 9110, 9.3.2).
[[nodiscard]] Reply make_error(Status status, std::string_view request, const SitePack& pack);

// The response to what had to be discarded: 503, which ends the connection. It has no content, for
// nobody knows whether a HEAD was there.
[[nodiscard]] Reply make_refusal();

}  // namespace mote::http
