// A short text for the console, put together once: an error, a list of words.
#pragma once

#include <array>
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

  // Adds words, with numbers in decimal where they have '#'.
  void add(std::string_view words, std::uint64_t first = 0, std::uint64_t second = 0,
           std::uint64_t third = 0);

 private:
  void append(char character);

  std::array<char, kCapacity> characters_{};
  std::size_t length_ = 0;
};

// Takes a driver's description of a failure, after the word for its device.
struct Failure {
  Text& text;
  std::string_view model;

  // False, for the caller to return.
  bool operator()(std::string_view words, std::uint64_t first = 0, std::uint64_t second = 0,
                  std::uint64_t third = 0) const;
};

}  // namespace mote::virtio
