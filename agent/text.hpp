// A piece of JSON, put together in a bounded buffer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kernel/console/number_text.hpp"

namespace mote::agent {

// The first part, which doesn't depend on the capacity, is compiled once.
class TextWriter {
 public:
  TextWriter(char* characters, std::size_t capacity, std::size_t& length)
      : characters_(characters), capacity_(capacity), length_(length) {}

  // Adds texts, characters and decimal numbers as they are. What doesn't fit is left out.
  template <typename... Parts>
  void add(const Parts&... parts) {
    (append(parts), ...);
  }

  // Adds a text as a JSON string (RFC 8259, 7).
  void add_string(std::string_view text);

 private:
  void append(std::string_view text);
  void append(char character) { append(std::string_view(&character, 1)); }
  void append(std::uint64_t number) { append(NumberText<10>(number).text()); }

  char* characters_;
  std::size_t capacity_;
  std::size_t& length_;
};

template <std::size_t kBytes>
class Text {
 public:
  [[nodiscard]] TextWriter writer() { return {characters_.data(), kBytes, length_}; }
  [[nodiscard]] std::string_view view() const { return {characters_.data(), length_}; }
  [[nodiscard]] bool is_full() const { return length_ == kBytes; }
  void clear() { length_ = 0; }

 private:
  std::array<char, kBytes> characters_{};
  std::size_t length_ = 0;
};

}  // namespace mote::agent
