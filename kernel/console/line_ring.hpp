// Lines of text waiting for a slow port, each kept whole or not at all.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace mote {

// Holds at most kBytes characters, line ends included. All zero initially.
template <std::size_t kBytes>
class LineRing {
 public:
  // Appends a line and its end, CR and LF. False, with nothing appended, if there is no room.
  [[nodiscard]] bool push(std::string_view line) {
    constexpr std::string_view kEnd = "\r\n";
    const std::size_t room = kBytes - count_;
    if (room < kEnd.size() || line.size() > room - kEnd.size()) {
      return false;
    }
    append(line);
    append(kEnd);
    return true;
  }

  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] char front() const { return characters_[first_]; }

  void pop() {
    is_within_line_ = characters_[first_] != '\n';
    first_ = (first_ + 1) % kBytes;
    --count_;
  }

  // Whether the last character taken out didn't end a line.
  [[nodiscard]] bool is_within_line() const { return is_within_line_; }

 private:
  void append(std::string_view text) {
    for (const char character : text) {
      characters_[(first_ + count_) % kBytes] = character;
      ++count_;
    }
  }

  std::array<char, kBytes> characters_{};
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  bool is_within_line_ = false;
};

}  // namespace mote
