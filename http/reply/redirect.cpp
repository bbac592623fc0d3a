// Percent-encodes the rest that a redirect keeps.
#include "http/reply/redirect.hpp"

#include <cstdint>

#include "http/request/syntax.hpp"

namespace mote::http {
namespace {

using namespace std::string_view_literals;

// pchar's marks except the percent sign, and slashes (RFC 3986, 3.3).
constexpr std::string_view kOfPath = "/-._~!$&'()*+,;=:@"sv;
// The same plus question marks, and percent signs, because a query isn't decoded (3.4).
constexpr std::string_view kOfQuery = "/-._~!$&'()*+,;=:@?%"sv;

bool is_kept(char character, std::string_view marks) {
  const char letter = syntax::lower(character);
  return syntax::is_digit(character) || (letter >= 'a' && letter <= 'z') ||
         syntax::index_of(marks, character) < marks.size();
}

void write_encoded(TextWriter& text, std::string_view what, std::string_view marks) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char character : what) {
    if (is_kept(character, marks)) {
      text.add(character);
    } else {
      const auto byte = static_cast<std::uint8_t>(character);
      const char escape[] = {'%', kDigits[byte >> 4], kDigits[byte & 15]};
      text.add({escape, sizeof escape});
    }
  }
}

}  // namespace

void write_rest(TextWriter& text, std::string_view target, std::string_view rest,
                std::string_view query) {
  if (target.ends_with('/')) {
    while (rest.starts_with('/') || rest.starts_with('\\')) {
      rest.remove_prefix(1);
    }
  }
  write_encoded(text, rest, kOfPath);
  write_encoded(text, query, kOfQuery);
}

}  // namespace mote::http
