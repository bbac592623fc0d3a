// Parses a host with an optional port, as in Host and in absolute targets.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "http/request/syntax.hpp"

namespace mote::http {

// The end of the host: the place of the port's colon, or the text's size (RFC 9110, 7.2; RFC 3986,
// 3.2.2). Nothing if the text isn't a host with an optional port. Userinfo isn't allowed.
[[nodiscard]] constexpr std::optional<std::size_t> end_of_host(std::string_view text) {
  const bool is_literal = text.starts_with('[');  // IPv6 or later
  std::size_t end = is_literal ? 1 : 0;
  while (end < text.size() &&
         (syntax::is(syntax::kHostCharacter, text[end]) || (is_literal && text[end] == ':'))) {
    ++end;
  }
  if (is_literal && (end == 1 || end++ == text.size() || text[end - 1] != ']')) {
    return {};
  }
  if (end < text.size() && (end == 0 || text[end] != ':')) {
    return {};
  }
  for (std::size_t at = end + 1; at < text.size(); ++at) {
    if (!syntax::is_digit(text[at])) {
      return {};
    }
  }
  return end;
}

}  // namespace mote::http
