// Turns a request into the bytes of its response: by reference, formatted only where necessary.
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

// A used-up resource that the reply had to do without. With it, the reply would differ.
enum class Shortage : std::uint8_t { kNone, kTail, kMetricsPage };

// A reply to send: at most kPieces pieces of memory, followed by those of `tail`, if it has one.
// The first piece is the preface, which the sender copies (at most kCopiedBytes). The memory of the
// others outlives the reply and is never rewritten.
struct Reply {
  static constexpr std::size_t kPieces = 4;
  static constexpr std::size_t kCopiedBytes = limits::kCopiedBytes;

  std::array<Piece, kPieces> pieces{};  // the first `count` are valid, none of them empty
  std::uint8_t count = 0;
  bool repeats = false;  // except for the preface, the same header section always gets the same
                         // reply, on any interface
  Shortage shortage = Shortage::kNone;
  Persistence persistence = Persistence::kSilent;
  std::uint16_t status = 0;
  std::uint64_t bytes = 0;       // of all pieces
  std::uint64_t body_bytes = 0;  // of content, for logs
  ReplyTail* tail = nullptr;     // owned: releases itself with its last piece; release it if the
                                 // reply is abandoned earlier

  // This is the connection's last reply.
  [[nodiscard]] bool closes() const { return persistence == Persistence::kClose; }

  // Adds text behind the other pieces, or, with add_first, right behind the preface. It may be
  // empty.
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

  // Replaces the preface with this second's.
  void renew_preface() {
    const std::string_view text = preface(status, persistence);
    bytes += text.size() - pieces[0].bytes;
    pieces[0] = piece_of(text);
  }
};

// A reply with only its preface.
inline Reply begin_reply(std::uint16_t status, Persistence persistence) {
  Reply reply{.persistence = persistence, .status = status};
  reply.add(preface(status, persistence));
  return reply;
}

// Where a request came in.
struct Origin {
  unsigned interface = 0;  // the interface's index
};

// Called for a path, decoded and resolved, that isn't in the site: an endpoint's response, or
// nothing.
using EndpointReply = std::optional<Reply> (*)(const Request& request, const Origin& origin,
                                               std::string_view path);

// The response to a request from parse_request. `scratch` is for decoding the path, and must be at
// least limits::kRequestLineBytes long. A site's own files take precedence over endpoints, and
// these over redirects by prefix.
[[nodiscard]] Reply make_reply(const Request& request, const Origin& origin, const SitePack& pack,
                               EndpointReply endpoints, std::span<char> scratch);

// The response to input that isn't a valid request; it ends the connection. `request` is the input
// so far: if it begins a HEAD, the response has no content (RFC 9110, 9.3.2).
[[nodiscard]] Reply make_error(Status status, std::string_view request, const SitePack& pack);

// The response to input that had to be discarded: 503, which ends the connection. It has no
// content, because the input may have been a HEAD.
[[nodiscard]] Reply make_refusal();

}  // namespace mote::http
