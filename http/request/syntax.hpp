// The characters and small grammars of HTTP: tokens, field values, lists (RFC 9110, section 5.6).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace mote::http::syntax {

enum Class : std::uint8_t {
  kTokenCharacter = 1,    // tchar (RFC 9110, 5.6.2)
  kValueCharacter = 2,    // field-vchar, obs-text, SP and HTAB (RFC 9110, 5.5)
  kTargetCharacter = 4,   // of a request target: anything visible except '#'
  kHostCharacter = 8,     // of a name or an IPv4 address (RFC 3986, 3.2.2: reg-name)
  kQuotedCharacter = 16,  // qdtext (RFC 9110, 5.6.4)
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
    found |= letter || is_one_of(character, "-._~%!$&'()*+,;=") ? kHostCharacter : 0U;
    const bool quotable = visible || character == ' ' || character == '\t';
    found |= quotable && character != '"' && character != '\\' ? kQuotedCharacter : 0U;
    classes[static_cast<std::size_t>(character)] = static_cast<std::uint8_t>(found);
  }
  return classes;
}

inline constexpr std::array<std::uint8_t, 256> kClasses = make_classes();

}  // namespace detail

constexpr bool is(Class which, char character) {
  return (detail::kClasses[static_cast<std::uint8_t>(character)] & which) != 0;
}

constexpr bool is_digit(char character) { return character >= '0' && character <= '9'; }

constexpr char lower(char character) {
  return character >= 'A' && character <= 'Z' ? static_cast<char>(character + ('a' - 'A'))
                                              : character;
}

// The value of a hexadecimal digit; 16 for any other character.
constexpr unsigned hex_value(char character) {
  if (is_digit(character)) {
    return static_cast<unsigned>(character - '0');
  }
  const char letter = lower(character);
  return letter >= 'a' && letter <= 'f' ? static_cast<unsigned>(letter - 'a') + 10 : 16;
}

// Whether text is `word` in any case. `word` must be lower case.
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

namespace detail {

template <typename Word>
Word load(const char* from) {
  Word word = 0;
  __builtin_memcpy(&word, from, sizeof word);
  return word;
}

// Compares kBytes bytes, with the bits of `fold` set in the first run's bytes. Zero: they are
// equal. Works in words, the last of which may overlap the one before.
template <typename Word, std::size_t kBytes>
Word difference(const char* text, const char* other, std::uint64_t fold) {
  constexpr std::size_t kLast = kBytes - sizeof(Word);
  Word found = 0;
  for (std::size_t at = 0; at < kLast; at += sizeof(Word)) {
    found |= (load<Word>(text + at) | static_cast<Word>(fold)) ^ load<Word>(other + at);
  }
  return found | ((load<Word>(text + kLast) | static_cast<Word>(fold)) ^ load<Word>(other + kLast));
}

template <std::size_t kBytes>
[[gnu::always_inline]] inline bool same(std::string_view text, const char* other,
                                        std::uint64_t fold) {
  using Word = std::conditional_t<
      kBytes >= 8, std::uint64_t,
      std::conditional_t<kBytes >= 4, std::uint32_t,
                         std::conditional_t<kBytes >= 2, std::uint16_t, std::uint8_t>>>;
  return text.size() == kBytes && difference<Word, kBytes>(text.data(), other, fold) == 0;
}

}  // namespace detail

// Whether text is exactly `word`. Inlined, without a call.
template <std::size_t kSize>
bool is_text(std::string_view text, const char (&word)[kSize]) {
  return detail::same<kSize - 1>(text, word, 0);
}

// Whether text is `word` in any case. `word` must consist of lower-case letters, digits and
// hyphens. Sets bit 5, the only difference between upper and lower case; that would also turn some
// control characters into digits or hyphens, so the text must not hold any, and tokens and field
// values don't.
template <std::size_t kSize>
bool is_word(std::string_view text, const char (&word)[kSize]) {
  return detail::same<kSize - 1>(text, word, 0x2020'2020'2020'2020);
}

constexpr bool starts_with_word(std::string_view text, std::string_view word) {
  return text.size() >= word.size() && equals_word({text.data(), word.size()}, word);
}

// The place of the first such character, or the text's size.
constexpr std::size_t index_of(std::string_view text, char character) {
  std::size_t at = 0;
  while (at < text.size() && text[at] != character) {
    ++at;
  }
  return at;
}

constexpr bool is_blank(char character) { return character == ' ' || character == '\t'; }

// The text without white space at its ends (OWS).
constexpr std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_blank(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

// Takes the next member off the front of a comma-separated list. Skips empty members, as RFC 9110,
// 5.6.1.2, requires. An empty result: none is left. For lists without quoted strings.
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
