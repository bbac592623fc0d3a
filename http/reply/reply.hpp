// From a request to the bytes of its response: by reference, and formatted only where it must be.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "http/pack/site_pack.hpp"
#include "http/reply/preface.hpp"
#include "http/request/request.hpp"
#include "kernel/memory/piece.hpp"
#include "netstack/limits.hpp"

namespace mote::http {

class ReplyTail;  // http/reply/reply_tail.hpp

// What a reply had to do without: with it, it would be another.
enum class Shortage : std::uint8_t { kNone, kTail, kMetricsPage };

// What is to be sent: at most kPieces pieces of memory, and then those of `tail`, if there is one.
// The first piece is the preface, which is copied (at most kCopiedBytes). The others outlive the
// reply, and are never rewritten.
struct Reply {
  static constexpr std::size_t kPieces = 4;
  static constexpr std::size_t kCopiedBytes = limits::kCopiedBytes;

  std::array<Piece, kPieces> pieces{};  // as many as `count`, none of them empty
  std::uint8_t count = 0;
  bool repeats = false;  // the same header section gets the same again, wherever and whenever it
                         // comes, but for the preface
  Shortage shortage = Shortage::kNone;
  Persistence persistence = Persistence::kSilent;
  std::uint16_t status = 0;
  std::uint64_t bytes = 0;       // of all pieces
  std::uint64_t body_bytes = 0;  // bytes of content, for logs
  ReplyTail* tail = nullptr;     // owned: gives itself back with its last piece; to be released if
                                 // the reply is given up before

  // Nothing may follow it on its connection.
  [[nodiscard]] bool closes() const { return persistence == Persistence::kClose; }

  // Puts text behind the pieces there are, or right behind the preface. It may be empty.
  void add(std::string_view text) {
    if (!text.empty()) {
      pieces[count++] = piece_of(text);
      bytes += text.size();
    }
  }
  void add_first(std::string_view text) {
    if (!text.empty()) {
      std::copy_backward(pieces.begin() + 1, pieces.begin() + count, pieces.begin() + count + 1);
      pieces[1] = piece_of(text);
      ++count;
      bytes += text.size();
    }
  }

  // Gives it the preface of this second.
  void renew_preface() {
    const std::string_view text = preface(status, persistence);
    bytes += text.size() - pieces[0].bytes;
    pieces[0] = piece_of(text);
  }
};

// A reply with nothing but its preface.
inline Reply begin_reply(std::uint16_t status, Persistence persistence) {
  Reply reply{.persistence = persistence, .status = status};
  reply.add(preface(status, persistence));
  return reply;
}

// Where a request came in.
struct Origin {
  unsigned interface = 0;  // its index
};

// The response for a path that no site holds, decoded and resolved: an endpoint's, or nothing.
using EndpointReply = std::optional<Reply> (*)(const Request& request, const Origin& origin,
                                               std::string_view path);

// The response to a request that parse_request has read. `scratch` is for decoding, and must be as
// long as the longest request line. A site's own files come before the endpoints, and these before
// redirects by prefix.
[[nodiscard]] Reply make_reply(const Request& request, const Origin& origin, const SitePack& pack,
                               EndpointReply endpoints, std::span<char> scratch);

// The response to what can't be read as a request; it ends the connection. `request` is what has
// come of it: no response to HEAD has content, errors no more than others (RFC 9110, 9.3.2).
[[nodiscard]] Reply make_error(Status status, std::string_view request, const SitePack& pack);

// The response to what had to be discarded: 503, which ends the connection. It has no content, for
// nobody knows whether a HEAD was there.
[[nodiscard]] Reply make_refusal();

}  // namespace mote::http
