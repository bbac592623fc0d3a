// A short text put together once, for the console: an error, a list of words.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mote::virtio {

// Holds up to `kCapacity` characters; what is more is cut off.
template <std::size_t kCapacity>
class Text {
 public:
  void clear() { length_ = 0; }
  [[nodiscard]] bool empty() const { return length_ == 0; }
  [[nodiscard]] std::string_view view() const { return {characters_.data(), length_}; }

  template <typename... Parts>
  void add(const Parts&... parts) {
    (append(parts), ...);
  }

 private:
  void append(std::string_view text) {
    for (const char character : text) {
      if (length_ < kCapacity) {
        characters_[length_++] = character;
      }
    }
  }

  template <std::unsigned_integral Number>
  void append(Number number) {
    constexpr std::size_t kDigits = 20;
    std::array<char, kDigits> digits{};
    std::size_t first = kDigits;
    std::uint64_t rest = number;
    do {
      digits[--first] = static_cast<char>('0' + rest % 10);
      rest /= 10;
    } while (rest != 0);
    append(std::string_view(digits.data() + first, kDigits - first));
  }

  std::array<char, kCapacity> characters_{};
  std::size_t length_ = 0;
};

}  // namespace mote::virtio
