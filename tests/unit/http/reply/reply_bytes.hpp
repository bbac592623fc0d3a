// Reads a reply as a sender does.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "http/reply/reply.hpp"
#include "http/reply/reply_tail.hpp"

namespace mote::http_world {

// All bytes of a reply; checks that each piece obeys the sender's rules. Uses the tail up.
inline std::string bytes_of(const http::Reply& reply) {
  std::string bytes;
  const auto take = [&](Piece piece, bool is_copied) {
    CHECK((!is_copied || piece.bytes <= http::Reply::kCopiedBytes));
    bytes += piece.text();
  };
  for (std::size_t at = 0; at < reply.count; ++at) {
    CHECK(reply.pieces[at].bytes > 0);
    take(reply.pieces[at], at == 0);
  }
  CHECK(bytes.size() == reply.bytes);
  for (http::ReplyTail* tail = reply.tail; tail != nullptr;) {
    Piece piece;
    bool is_copied = false;
    tail = tail->next(piece, is_copied);
    take(piece, is_copied);
  }
  return bytes;
}

}  // namespace mote::http_world
