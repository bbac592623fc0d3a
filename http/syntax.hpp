// The characters and small grammars of HTTP: tokens, field values, lists (RFC 9110, section 5.6).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mote::http::syntax {

enum Class : std::uint8_t {
  kTokenCharacter = 1,   // tchar (RFC 9110, 5.6.2)
  kValueCharacter = 2,   // field-vchar, obs-text, SP and HTAB (RFC 9110, 5.5)
  kTargetCharacter = 4,  // what a request target may hold, see request.cpp
  kHostCharacter = 8,    // uri-host and port (RFC 3986, 3.2.2)
};

namespace detail {

constexpr bool is_alphanumeric(int character) {
  return (character >= '0' && character <= '9') || (character >= 'A' && character <= 'Z') ||
         (character >= 'a' && character <= 'z');
}

constexpr bool is_one_of(int character, std::string_view set) {
  for (const char member : set) {
    if (character == static_cast<unsigned char>(member)) {
      return true;
    }
  }
  return false;
}

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> classes{};
  for (int character = 0; character < 256; ++character) {
    const bool letter = is_alphanumeric(character);
    const bool visible = character > 0x20 && character != 0x7F;
    unsigned found = 0;
    found |= letter || is_one_of(character, "!#$%&'*+-.^_`|~") ? kTokenCharacter : 0U;
    found |= visible || character == ' ' || character == '\t' ? kValueCharacter : 0U;
    found |= visible && character != '#' ? kTargetCharacter : 0U;
    found |= letter || is_one_of(character, "-._~%!$&'()*+,;=:[]") ? kHostCharacter : 0U;
    classes[static_cast<std::size_t>(character)] = static_cast<std::uint8_t>(found);
  }
  return classes;
}

inline constexpr std::array<std::uint8_t, 256> kClasses = make_classes();

}  // namespace detail

constexpr bool is(Class which, char character) {
  return (detail::kClasses[static_cast<std::uint8_t>(character)] & which) != 0;
}

constexpr bool all_are(Class which, std::string_view text) {
  for (const char character : text) {
    if (!is(which, character)) {
      return false;
    }
  }
  return true;
}

constexpr bool is_digit(char character) { return character >= '0' && character <= '9'; }

constexpr char lower(char character) {
  return character >= 'A' && character <= 'Z' ? static_cast<char>(character + ('a' - 'A'))
                                              : character;
}

// Whether text is `word` in any case; the word must be given in lower case.
[[gnu::noinline]] constexpr bool equals_word(std::string_view text, std::string_view word) {
  if (text.size() != word.size()) {
    return false;
  }
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (lower(text[at]) != word[at]) {
      return false;
    }
  }
  return true;
}

constexpr bool starts_with_word(std::string_view text, std::string_view word) {
  return text.size() >= word.size() && equals_word({text.data(), word.size()}, word);
}

// The first place of a character, or the text's size.
constexpr std::size_t index_of(std::string_view text, char character) {
  std::size_t at = 0;
  while (at < text.size() && text[at] != character) {
    ++at;
  }
  return at;
}

constexpr bool is_blank(char character) { return character == ' ' || character == '\t'; }

// Without the optional white space at both ends.
constexpr std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_blank(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

// Takes the next member of a comma-separated list off its front; empty members are passed over,
// as RFC 9110, 5.6.1.2, asks. An empty result: none is left. For lists without quoted strings.
constexpr std::string_view next_member(std::string_view& list) {
  while (!list.empty()) {
    const std::size_t end = index_of(list, ',');
    const std::string_view member = trimmed({list.data(), end});
    list.remove_prefix(end < list.size() ? end + 1 : end);
    if (!member.empty()) {
      return member;
    }
  }
  return {};
}

}  // namespace mote::http::syntax
