// Reads a reply as a sender does.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "http/reply/reply.hpp"
#include "http/reply/reply_tail.hpp"

namespace mote::http_world {

// All bytes of a reply, and proof that none of its pieces breaks the sender's rules. The tail is
// used up.
inline std::string bytes_of(const http::Reply& reply) {
  std::string bytes;
  const auto take = [&](const http::Reply::Piece& piece) {
    CHECK((!piece.copied || piece.bytes <= http::Reply::kCopiedBytes));
    bytes.append(piece.data == nullptr ? "" : piece.data, piece.bytes);
  };
  for (const http::Reply::Piece& piece : reply.pieces) {
    take(piece);
  }
  for (http::ReplyTail* tail = reply.tail; tail != nullptr;) {
    http::Reply::Piece piece;
    tail = tail->next(piece);
    take(piece);
  }
  return bytes;
}

}  // namespace mote::http_world
