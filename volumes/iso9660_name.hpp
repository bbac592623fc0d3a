// Names in the directories of ISO 9660, as far as its records hold them: plain, or Joliet's.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "volumes/names.hpp"

namespace mote::volumes {

enum class NameMatch : std::uint8_t {
  kNone,
  kMangled,  // the name may have been made of the one sought
  kSame,
};

// ECMA-119 7.5 and 10.1: names of level 1 have 8 characters, a dot, 3 more.
inline constexpr std::size_t kStemBytes = 8;
inline constexpr std::size_t kExtensionBytes = 3;

// Whether a part of a stored name is what mastering programs make of a part of this one: letters in
// upper case, `_` for what is neither letter nor digit, and cut off where level 1 ends it.
[[nodiscard]] inline bool is_mangled(std::string_view stored, std::string_view part,
                                     std::size_t level_1_bytes) {
  if (stored.size() == level_1_bytes) {
    part = part.substr(0, level_1_bytes);
  }
  return std::ranges::equal(stored, part, [](char made, char given) {
    const char letter = upper(given);
    const bool is_kept = (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9');
    return upper(made) == letter || (made == '_' && !is_kept);
  });
}

// Compares a plain name (ECMA-119 7.5), without regard to case, with this one. `USER-DATA.;1` is
// the same as `user-data`, and `USER_DAT.;1` and `USER_DATA.;1` may be made of it.
[[nodiscard]] inline NameMatch match_plain(std::string_view stored, std::string_view name) {
  stored = stored.substr(0, stored.find(';'));  // the version
  if (stored.ends_with('.')) {
    stored.remove_suffix(1);
  }
  if (equal_in_any_case(stored, name)) {
    return NameMatch::kSame;
  }
  const auto stem = [](std::string_view of) { return of.substr(0, of.rfind('.')); };
  const auto extension = [](std::string_view of) {
    const std::size_t dot = of.rfind('.');
    return dot == of.npos ? std::string_view() : of.substr(dot + 1);
  };
  return is_mangled(stem(stored), stem(name), kStemBytes) &&
                 is_mangled(extension(stored), extension(name), kExtensionBytes)
             ? NameMatch::kMangled
             : NameMatch::kNone;
}

// Compares a name of Joliet's, UCS-2 in big endian, with this one.
[[nodiscard]] inline NameMatch match_joliet(std::string_view stored, std::string_view name) {
  std::size_t count = 0;
  for (; 2 * count + 1 < stored.size(); ++count) {
    const char low = stored[2 * count + 1];
    if (stored[2 * count] != '\0' || count > name.size()) {
      return NameMatch::kNone;
    }
    if (count == name.size()) {  // what follows can only be the version
      return low == ';' ? NameMatch::kSame : NameMatch::kNone;
    }
    if (low != name[count]) {
      return NameMatch::kNone;
    }
  }
  return count == name.size() ? NameMatch::kSame : NameMatch::kNone;
}

}  // namespace mote::volumes
