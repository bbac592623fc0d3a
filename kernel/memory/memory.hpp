// Copying, filling and comparing memory with 16-byte moves of baseline SSE2.
//
// memory.cpp wraps these in the names that the compiler and lwIP call (memcpy and the rest). They
// have other names here so that tests can run them on a host with functions of its own.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mote::memory {

using Word16 = std::uint16_t;
using Word32 = std::uint32_t;
using Word64 = std::uint64_t;
typedef long long Word128 [[gnu::vector_size(16)]];

// Loads and stores words of any type at any alignment: a copy of constant size is one move.
template <typename Word>
[[gnu::always_inline]] inline Word load(const std::byte* from) {
  Word word;
  __builtin_memcpy(&word, from, sizeof(Word));
  return word;
}
template <typename Word>
[[gnu::always_inline]] inline void store(std::byte* to, Word word) {
  __builtin_memcpy(to, &word, sizeof(Word));
}

// Moves sizeof(Word) to twice as many bytes as two words that may overlap. Both are read before
// either is written, so that source and destination may overlap too.
template <typename Word>
[[gnu::always_inline]] inline void move_pair(std::byte* to, const std::byte* from,
                                             std::size_t bytes) {
  const Word head = load<Word>(from);
  const Word tail = load<Word>(from + bytes - sizeof(Word));
  store<Word>(to, head);
  store<Word>(to + bytes - sizeof(Word), tail);
}

// Moves at most 64 bytes; everything is read before anything is written.
[[gnu::always_inline]] inline void move_few(std::byte* to, const std::byte* from,
                                            std::size_t bytes) {
  if (bytes > 32) {
    const Word128 first = load<Word128>(from);
    const Word128 second = load<Word128>(from + 16);
    const Word128 third = load<Word128>(from + bytes - 32);
    const Word128 fourth = load<Word128>(from + bytes - 16);
    store<Word128>(to, first);
    store<Word128>(to + 16, second);
    store<Word128>(to + bytes - 32, third);
    store<Word128>(to + bytes - 16, fourth);
  } else if (bytes >= 16) {
    move_pair<Word128>(to, from, bytes);
  } else if (bytes >= 8) {
    move_pair<Word64>(to, from, bytes);
  } else if (bytes >= 4) {
    move_pair<Word32>(to, from, bytes);
  } else if (bytes >= 2) {
    move_pair<Word16>(to, from, bytes);
  } else if (bytes == 1) {
    *to = *from;
  }
}

// Moves 64 bytes; everything is read before anything is written.
[[gnu::always_inline]] inline void move_64(std::byte* to, const std::byte* from) {
  const Word128 first = load<Word128>(from);
  const Word128 second = load<Word128>(from + 16);
  const Word128 third = load<Word128>(from + 32);
  const Word128 fourth = load<Word128>(from + 48);
  store<Word128>(to, first);
  store<Word128>(to + 16, second);
  store<Word128>(to + 32, third);
  store<Word128>(to + 48, fourth);
}

// Copies upwards: for ranges that don't overlap, or where `to` lies below `from`.
[[gnu::always_inline]] inline void copy(std::byte* to, const std::byte* from, std::size_t bytes) {
  while (bytes > 64) {
    move_64(to, from);
    to += 64;
    from += 64;
    bytes -= 64;
  }
  move_few(to, from, bytes);
}

// Copies between ranges that may overlap in any way.
inline void move(std::byte* to, const std::byte* from, std::size_t bytes) {
  const auto ahead = reinterpret_cast<std::uintptr_t>(to) - reinterpret_cast<std::uintptr_t>(from);
  if (ahead >= bytes) {  // `to` lies below `from` (the difference wraps) or past its range
    copy(to, from, bytes);
    return;
  }
  while (bytes > 64) {
    bytes -= 64;
    move_64(to + bytes, from + bytes);
  }
  move_few(to, from, bytes);
}

inline void fill(std::byte* to, std::uint8_t value, std::size_t bytes) {
  const std::uint64_t eight = std::uint64_t{value} * 0x0101'0101'0101'0101;
  if (bytes < 16) {
    if (bytes >= 8) {
      store<Word64>(to, eight);
      store<Word64>(to + bytes - 8, eight);
    } else if (bytes >= 4) {
      store<Word32>(to, static_cast<std::uint32_t>(eight));
      store<Word32>(to + bytes - 4, static_cast<std::uint32_t>(eight));
    } else {
      for (std::size_t i = 0; i < bytes; ++i) {
        to[i] = std::byte{value};
      }
    }
    return;
  }
  const Word128 sixteen = {static_cast<long long>(eight), static_cast<long long>(eight)};
  std::byte* const last = to + bytes - 16;
  while (bytes >= 64) {
    store<Word128>(to, sixteen);
    store<Word128>(to + 16, sixteen);
    store<Word128>(to + 32, sixteen);
    store<Word128>(to + 48, sixteen);
    to += 64;
    bytes -= 64;
  }
  while (to < last) {
    store<Word128>(to, sixteen);
    to += 16;
  }
  store<Word128>(last, sixteen);
}

// Less than, equal to or greater than zero, by the first byte that differs.
[[nodiscard]] inline int compare(const std::byte* a, const std::byte* b, std::size_t bytes) {
  std::size_t at = 0;
  while (at + 8 <= bytes && load<Word64>(a + at) == load<Word64>(b + at)) {
    at += 8;
  }
  for (; at < bytes; ++at) {
    if (a[at] != b[at]) {
      return a[at] < b[at] ? -1 : 1;
    }
  }
  return 0;
}

// The first byte equal to `value`, or null.
[[nodiscard]] inline const std::byte* find(const std::byte* in, std::uint8_t value,
                                           std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) {
    if (in[i] == std::byte{value}) {
      return in + i;
    }
  }
  return nullptr;
}

// Bytes before the zero that ends `text`.
[[nodiscard]] inline std::size_t length(const char* text) {
  const char* end = text;
  while (*end != '\0') {
    ++end;
  }
  return static_cast<std::size_t>(end - text);
}

// Like `compare`, for zero-terminated texts, of which it compares at most `limit` characters.
[[nodiscard]] inline int compare_text(const char* a, const char* b, std::size_t limit) {
  for (std::size_t i = 0; i < limit; ++i) {
    const auto left = static_cast<unsigned char>(a[i]);
    const auto right = static_cast<unsigned char>(b[i]);
    if (left != right) {
      return left - right;
    }
    if (left == 0) {
      break;
    }
  }
  return 0;
}

}  // namespace mote::memory
