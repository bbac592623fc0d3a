// Paths and labels of volumes, and letters in any case.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mote::volumes {

// Both kinds of volumes end a name there: 255 bytes (ECMA-119 9.1, RRIP), 255 characters (FAT).
inline constexpr std::size_t kMostNameBytes = 255;

// Takes the first name off a path; slashes separate them. Empty: there is none left.
[[nodiscard]] inline std::string_view take_name(std::string_view& path) {
  path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
  const std::string_view name = path.substr(0, path.find('/'));
  path.remove_prefix(name.size());
  return name;
}

[[nodiscard]] constexpr char upper(char letter) {
  return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
}

[[nodiscard]] inline bool equal_in_any_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, upper, upper);
}

// The name of a volume: printable ASCII, without the spaces at its end.
class Label {
 public:
  static constexpr std::size_t kMostBytes = 32;

  Label() = default;

  // A field of the volume's, padded with spaces or NULs.
  explicit Label(std::string_view field) {
    for (const char letter : field) {
      if (!add(static_cast<unsigned char>(letter))) {
        break;
      }
    }
    trim();
  }

  // The same in UCS-2, big endian, as Joliet has it.
  [[nodiscard]] static Label from_ucs2(std::string_view field) {
    Label label;
    for (std::size_t i = 0; i + 1 < field.size(); i += 2) {
      const auto high = static_cast<unsigned char>(field[i]);
      if (!label.add(high * 256U + static_cast<unsigned char>(field[i + 1]))) {
        break;
      }
    }
    label.trim();
    return label;
  }

  [[nodiscard]] std::string_view text() const { return {text_.data(), bytes_}; }

 private:
  [[nodiscard]] bool add(unsigned character) {
    if (character == 0 || bytes_ == kMostBytes) {
      return false;
    }
    text_[bytes_++] = character < ' ' || character > '~' ? '?' : static_cast<char>(character);
    return true;
  }

  void trim() {
    while (bytes_ > 0 && text_[bytes_ - 1] == ' ') {
      --bytes_;
    }
  }

  std::array<char, kMostBytes> text_{};
  std::uint8_t bytes_ = 0;
};

}  // namespace mote::volumes
