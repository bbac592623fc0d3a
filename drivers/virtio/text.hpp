// A short text for the console, put together once: an error, a list of words.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mote::virtio {

// Holds up to kCapacity characters and drops the rest.
class Text {
 public:
  static constexpr std::size_t kCapacity = 96;

  void clear() { length_ = 0; }
  [[nodiscard]] bool empty() const { return length_ == 0; }
  [[nodiscard]] std::string_view view() const { return {characters_.data(), length_}; }

  // Adds texts, and numbers in decimal.
  template <typename... Parts>
  void add(const Parts&... parts) {
    (append(parts), ...);
  }

 private:
  // Not inline: many calls, on paths that run once.
  void append(std::string_view text);
  void append_number(std::uint64_t number);
  void append(std::unsigned_integral auto number) { append_number(number); }

  std::array<char, kCapacity> characters_{};
  std::size_t length_ = 0;
};

// Where a driver says what failed, after the word for its device.
struct Failure {
  Text& text;
  std::string_view model;

  template <typename... Parts>
  bool operator()(const Parts&... parts) const {  // false, for the caller to return
    text.clear();
    text.add(model, ": ", parts...);
    return false;
  }
};

}  // namespace mote::virtio
