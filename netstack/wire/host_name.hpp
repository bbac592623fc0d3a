// Host names, as settings and DHCP servers give them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace mote::netstack {

// Room for a host name and the zero at its end.
class HostName {
 public:
  static constexpr std::size_t kMostBytes = 63;

  // Whether a text is a host name of one or more labels (RFC 1123, 2.1), at most 63 characters in
  // all.
  [[nodiscard]] static constexpr bool is_good(std::string_view text) {
    char before = '.';
    for (const char c : text) {
      const bool is_after_label = is_alphanumeric(before);
      if (!is_alphanumeric(c) && !(c == '-' && before != '.') && !(c == '.' && is_after_label)) {
        return false;
      }
      before = c;
    }
    return text.size() <= kMostBytes && is_alphanumeric(before);
  }

  // Keeps a name, which must be good.
  constexpr void keep(std::string_view name) {
    characters_.fill('\0');
    std::ranges::copy(name.substr(0, kMostBytes), characters_.begin());
  }

  // Zero-terminated; empty: no name.
  [[nodiscard]] constexpr const char* text() const { return characters_.data(); }
  [[nodiscard]] constexpr bool is_empty() const { return characters_[0] == '\0'; }

 private:
  [[nodiscard]] static constexpr bool is_alphanumeric(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }

  std::array<char, kMostBytes + 1> characters_{};
};

}  // namespace mote::netstack
