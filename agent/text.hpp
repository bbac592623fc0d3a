// A piece of JSON, put together in a bounded buffer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "agent/limits.hpp"

namespace mote::agent {

// Leaves out text that doesn't fit; the agent's pieces all fit. Starts as all zeros.
class Text {
 public:
  [[nodiscard]] std::string_view view() const { return {characters_.data(), length_}; }
  void clear() { length_ = 0; }

  // Adds a text as it is.
  void add(std::string_view text);

  // Adds a text with numbers in it, in the place of each % in decimal, of each # as two hexadecimal
  // digits.
  void format(std::string_view form, std::initializer_list<std::uint64_t> numbers);

  // Adds a text as a JSON string (RFC 8259, 7).
  void add_string(std::string_view text);

 private:
  std::array<char, limits::kAgentPieceBytes> characters_{};
  std::size_t length_ = 0;
};

}  // namespace mote::agent
