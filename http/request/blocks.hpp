// Searches text sixteen bytes at a time, with SSE2, which every x86-64 has.
#pragma once

#include <cstddef>
#include <string_view>

#include "http/request/syntax.hpp"

namespace mote::http {

typedef unsigned char Block [[gnu::vector_size(16)]];
typedef char BlockMask [[gnu::vector_size(16)]];  // a comparison's result: bytes of -1 and 0

// Finds the first byte, from `from` on, that `mark(block)` marks; returns its place, or the text's
// size. Reads no byte outside the text. `from` is at most the text's size.
template <typename Mark>
[[gnu::always_inline]] inline std::size_t find_marked(std::string_view text, std::size_t from,
                                                      Mark mark) {
  constexpr std::size_t kBytes = sizeof(Block);
  const auto marks_at = [&](const char* place, std::size_t bytes) {
    Block block{};
    __builtin_memcpy(&block, place, bytes);
    return static_cast<unsigned>(__builtin_ia32_pmovmskb128(BlockMask(mark(block))));
  };
  for (; text.size() - from >= kBytes; from += kBytes) {
    if (const unsigned marks = marks_at(text.data() + from, kBytes); marks != 0) {
      return from + static_cast<std::size_t>(__builtin_ctz(marks));
    }
  }
  const std::size_t rest = text.size() - from;
  if (rest == 0) {
    return from;
  }
  // The last block overlaps bytes already searched, unless the text is shorter than a block.
  const unsigned marks =
      text.size() >= kBytes
          ? marks_at(text.data() + text.size() - kBytes, kBytes) >> (kBytes - rest)
          : marks_at(text.data() + from, rest) & ((1U << rest) - 1);
  return marks != 0 ? from + static_cast<std::size_t>(__builtin_ctz(marks)) : text.size();
}

// The searches below are never inlined: that saves their callers' registers.

// The place of the next line feed, or the text's size.
[[gnu::noinline]] inline std::size_t find_line_feed(std::string_view text, std::size_t from) {
  return find_marked(text, from, [](Block bytes) { return bytes == '\n'; });
}

// The end of a token. Tokens are too short for blocks. A byte that belongs to no token must follow.
[[gnu::noinline]] inline std::size_t end_of_token(std::string_view text, std::size_t from) {
  const char* at = text.data() + from;
  while (syntax::is(syntax::kTokenCharacter, *at)) {
    ++at;
  }
  return static_cast<std::size_t>(at - text.data());
}

// The end of a field value's characters (syntax::kValueCharacter).
[[gnu::noinline]] inline std::size_t end_of_value(std::string_view text, std::size_t from) {
  return find_marked(
      text, from, [](Block bytes) { return ((bytes < 0x20) & (bytes != '\t')) | (bytes == 0x7F); });
}

// The end of a request target's characters (syntax::kTargetCharacter).
[[gnu::noinline]] inline std::size_t end_of_target(std::string_view text, std::size_t from) {
  return find_marked(
      text, from, [](Block bytes) { return (bytes <= 0x20) | (bytes == 0x7F) | (bytes == '#'); });
}

}  // namespace mote::http
