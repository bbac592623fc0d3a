// Assembles text in memory of a fixed size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "kernel/console/number_text.hpp"

namespace mote::http {

// Writes into memory that must outlive it. An addition that doesn't fit whole is left out, and so
// is everything after it.
class TextWriter {
 public:
  constexpr TextWriter() = default;
  constexpr explicit TextWriter(std::span<char> memory) : memory_(memory) {}

  // Wraps memory that is already full of text.
  [[nodiscard]] static constexpr TextWriter filled(std::span<char> memory) {
    TextWriter writer(memory);
    writer.size_ = memory.size();
    return writer;
  }

  // Called from many places, none of them hot. Not inlined: that would take several times the code.
  [[gnu::noinline]] constexpr void add(std::string_view text) {
    overflowed_ |= text.size() > memory_.size() - size_;
    if (overflowed_) {
      return;
    }
    for (const char character : text) {
      memory_[size_++] = character;
    }
  }
  constexpr void add(char character) { add(std::string_view(&character, 1)); }
  constexpr void add(std::uint32_t number) { add(std::uint64_t{number}); }
  [[gnu::noinline]] constexpr void add(std::uint64_t number) { add(NumberText<10>(number).text()); }

  constexpr void clear() {
    size_ = 0;
    overflowed_ = false;
  }

  [[nodiscard]] constexpr std::string_view text() const { return {memory_.data(), size_}; }
  [[nodiscard]] constexpr bool overflowed() const { return overflowed_; }

 private:
  std::span<char> memory_;
  std::size_t size_ = 0;
  bool overflowed_ = false;
};

}  // namespace mote::http
