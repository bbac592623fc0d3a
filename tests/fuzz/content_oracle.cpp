// Content: Content-Length, and the chunked coding line by line (RFC 9112, 7.1).
#include <algorithm>

#include "http/limits.hpp"
#include "tests/fuzz/request_oracle.hpp"

namespace mote::fuzz {
namespace {

using namespace std::string_view_literals;
using Kind = Content::Kind;

constexpr auto kNone = std::string_view::npos;
constexpr auto kTokens =
    "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"sv;
constexpr auto kBlanks = " \t"sv;

// Strips the longest prefix of these characters; false if there is none.
bool take(std::string_view& text, std::string_view set) {
  const std::size_t bytes = std::min(text.find_first_not_of(set), text.size());
  text.remove_prefix(bytes);
  return bytes > 0;
}

bool is_text(char c) { return (c >= ' ' || c < 0 || c == '\t') && c != 0x7F; }

bool take_quoted(std::string_view& text) {
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '"') {
      text.remove_prefix(at + 1);
      return true;
    }
    at += text[at] == '\\' ? 1 : 0;
    if (at == text.size() || !is_text(text[at])) {
      return false;
    }
  }
  return false;
}

// *( BWS ";" BWS name [ BWS "=" BWS value ] ), to the line's end.
bool is_extension(std::string_view text) {
  while (!text.empty()) {
    take(text, kBlanks);
    if (!text.starts_with(';')) {
      return false;
    }
    text.remove_prefix(1);
    take(text, kBlanks);
    if (!take(text, kTokens)) {
      return false;
    }
    std::string_view behind = text;
    take(behind, kBlanks);
    if (behind.starts_with('=')) {
      text = behind.substr(1);
      take(text, kBlanks);
      if (text.starts_with('"') ? !take_quoted(text) : !take(text, kTokens)) {
        return false;
      }
    }
  }
  return true;
}

// A chunk's size; nullopt if malformed. All sizes above what the server reads are equal here.
std::optional<std::uint64_t> size_of(std::string_view line) {
  constexpr auto kDigits = "0123456789abcdefABCDEF"sv;
  const std::size_t end = std::min(line.find_first_not_of(kDigits), line.size());
  if (end == 0 || !is_extension(line.substr(end))) {
    return std::nullopt;
  }
  std::string digits(line.substr(0, end));
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  return digits.empty()      ? 0
         : digits.size() > 8 ? ~std::uint64_t{0}
                             : std::stoull(digits, nullptr, 16);
}

bool is_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  return colon != kNone && colon > 0 && line.substr(0, colon).find_first_not_of(kTokens) == kNone &&
         std::ranges::all_of(line.substr(colon + 1), is_text);
}

bool is_near(std::size_t bytes, std::size_t limit) {
  return bytes + 4 > limit && bytes < limit + 4;
}

// The line at `at`, without its end. Returns kWhole for a complete line.
Kind line_at(std::string_view stream, std::size_t at, std::size_t most, std::string_view& line) {
  const std::size_t end = stream.find('\n', at);
  const std::size_t bytes = (end == kNone ? stream.size() : end) - at;
  if (is_near(bytes, most) || is_near(at + bytes, limits::kContentBytes)) {
    return Kind::kUnclear;
  }
  if (bytes > most || at + bytes > limits::kContentBytes) {
    return Kind::kBad;
  }
  if (end == kNone) {
    return bytes == 0 ? Kind::kIncomplete : Kind::kOpen;
  }
  if (bytes == 0 || stream[end - 1] != '\r') {
    return Kind::kBad;
  }
  line = stream.substr(at, bytes - 1);
  return Kind::kWhole;
}

Content trailer(std::string_view stream, std::size_t at) {
  const std::size_t start = at;
  for (;;) {
    std::string_view line;
    const Kind kind = line_at(stream, at, limits::kTrailerBytes, line);
    const std::size_t end = std::min(stream.find('\n', at), stream.size());
    if (is_near(end - start, limits::kTrailerBytes)) {
      return {Kind::kUnclear};
    }
    if (end - start > limits::kTrailerBytes) {
      return {Kind::kBad};
    }
    if (kind != Kind::kWhole) {
      return {kind};
    }
    at = end + 1;
    if (line.empty()) {
      return {Kind::kWhole, at};
    }
    if (!is_field(line)) {
      return {Kind::kBad};
    }
  }
}

Content chunked(std::string_view stream) {
  std::size_t at = 0;
  for (;;) {
    std::string_view line;
    const Kind kind = line_at(stream, at, limits::kChunkLineBytes, line);
    if (kind != Kind::kWhole) {
      return {kind};
    }
    const auto size = size_of(line);
    at += line.size() + 2;
    if (!size) {
      return {Kind::kBad};
    }
    if (*size == 0) {
      return trailer(stream, at);
    }
    if (*size > limits::kContentBytes || at + *size > limits::kContentBytes) {
      return {Kind::kBad};
    }
    at += *size;
    if (is_near(at, limits::kContentBytes)) {
      return {Kind::kUnclear};
    }
    if (at >= stream.size()) {
      return {Kind::kIncomplete};
    }
    const std::string_view end = stream.substr(at, 2);
    if (end != "\r\n"sv) {
      return {end == "\r"sv ? Kind::kIncomplete : Kind::kBad};
    }
    at += 2;
  }
}

}  // namespace

Content content_of(std::string_view stream, const Told& request) {
  if (request.is_chunked) {
    return chunked(stream);
  }
  if (request.length > limits::kContentBytes) {
    return {Kind::kBad};
  }
  const bool is_whole = stream.size() >= request.length;
  return {is_whole ? Kind::kWhole : Kind::kIncomplete, request.length};
}

}  // namespace mote::fuzz
