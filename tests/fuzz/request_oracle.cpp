// The oracle for header sections: cuts one into lines first, then looks at them.
#include "tests/fuzz/request_oracle.hpp"

#include <algorithm>

#include "http/limits.hpp"

namespace mote::fuzz {
namespace {

using namespace std::string_view_literals;
using Lines = std::vector<std::string_view>;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_control(char c) { return (c >= 0 && c < ' ') || c == 0x7F; }

bool is_tchar(char c) {
  return is_letter(c) || is_digit(c) || (c != 0 && "!#$%&'*+-.^_`|~"sv.find(c) != "!"sv.npos);
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_tchar);
}

bool is_number(std::string_view text) { return std::ranges::all_of(text, is_digit); }

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

// uri-host [ ":" port ] (RFC 9110, 7.2; RFC 3986, 3.2.2). Empty if the host is unknown.
bool is_host(std::string_view text) {
  const auto is_name = [](char c) {
    return is_letter(c) || is_digit(c) || "-._~%!$&'()*+,;="sv.find(c) != ""sv.npos;
  };
  if (text.empty()) {
    return true;
  }
  std::string_view port;
  if (text.front() == '[') {
    const std::size_t end = text.find(']');
    if (end == text.npos || end == 1) {
      return false;
    }
    const std::string_view address = text.substr(1, end - 1);
    if (!std::ranges::all_of(address, [&](char c) { return c == ':' || is_name(c); })) {
      return false;
    }
    port = text.substr(end + 1);
  } else {
    const std::size_t end = std::min(text.find(':'), text.size());
    if (end == 0 || !std::ranges::all_of(text.substr(0, end), is_name)) {
      return false;
    }
    port = text.substr(end);
  }
  return port.empty() || (port.front() == ':' && is_number(port.substr(1)));
}

enum class End : std::uint8_t { kNone, kFound, kBad };

// Cuts a section into lines, without the final empty one, as far as their ends and the limits go.
End cut(std::string_view stream, Lines& lines, std::size_t& bytes) {
  std::size_t request_line = 0;
  for (std::size_t at = 0;;) {
    const std::size_t end = stream.find('\n', at);
    const std::size_t size = end == stream.npos ? stream.size() : end + 1;
    const std::size_t rest = size - request_line;
    if (request_line == 0 ? size > limits::kRequestLineBytes + (end == stream.npos ? 1 : 2)
                          : rest > limits::kHeaderBytes) {
      return End::kBad;
    }
    if (end == stream.npos) {
      return End::kNone;
    }
    if (end == 0 || stream[end - 1] != '\r') {
      return End::kBad;
    }
    if (end - at == 1) {
      bytes = end + 1;
      return End::kFound;
    }
    lines.push_back(stream.substr(at, end - 1 - at));
    at = end + 1;
    request_line = request_line == 0 ? at : request_line;
    if (lines.size() > limits::kHeaderFields + 1) {
      return End::kBad;
    }
  }
}

bool read_fields(const Lines& lines, Told& told) {
  for (std::size_t index = 1; index < lines.size(); ++index) {
    const std::string_view line = lines[index];
    const std::size_t colon = line.find(':');
    if (colon == line.npos || !is_token(line.substr(0, colon))) {
      return false;
    }
    const std::string_view value = line.substr(colon + 1);
    if (std::ranges::any_of(value, [](char c) { return is_control(c) && c != '\t'; })) {
      return false;
    }
    told.fields.emplace_back(lower(line.substr(0, colon)), without_blanks(value));
  }
  return true;
}

bool read_request_line(Told& told) {
  const std::string_view line = told.line;
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == line.npos || last == first) {
    return false;
  }
  told.method = line.substr(0, first);
  told.target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  const auto fits = [](char c) { return !is_control(c) && c != ' ' && c != '#'; };
  if (!is_token(told.method) || told.target.empty() || !std::ranges::all_of(told.target, fits)) {
    return false;
  }
  told.is_1_0 = version == "HTTP/1.0";
  return version.size() == 8 && version.starts_with("HTTP/1.") && is_digit(version[7]);
}

std::vector<std::string_view> values(const Told& told, std::string_view name) {
  std::vector<std::string_view> found;
  for (const auto& [key, value] : told.fields) {
    if (key == name) {
      found.push_back(value);
    }
  }
  return found;
}

bool read_length(const Told& told, Told& out) {
  const auto lengths = values(told, "content-length");
  if (lengths.empty()) {
    return true;
  }
  std::string_view digits = lengths.front();
  if (lengths.size() > 1 || digits.empty() || !is_number(digits)) {
    return false;
  }
  while (digits.size() > 1 && digits.front() == '0') {
    digits.remove_prefix(1);
  }
  if (digits.size() > 20 || (digits.size() == 20 && digits > "18446744073709551615"sv)) {
    return false;
  }
  out.length = std::stoull(std::string(digits));
  return true;
}

// Accepts chunked only, and only by itself; not even an empty member beside it.
bool read_coding(const Told& told, Told& out) {
  const auto codings = values(told, "transfer-encoding");
  if (codings.empty()) {
    return true;
  }
  out.is_chunked = true;
  return codings.size() == 1 && lower(codings.front()) == "chunked" && !told.is_1_0 &&
         values(told, "content-length").empty();
}

bool read_framing(Told& told) {
  const auto hosts = values(told, "host");
  if (hosts.size() > 1 || (hosts.empty() && !told.is_1_0)) {
    return false;
  }
  if (!hosts.empty()) {
    told.host = hosts.front();
  }
  if (!is_host(told.host) || !read_length(told, told) || !read_coding(told, told)) {
    return false;
  }
  for (const auto& list : values(told, "expect")) {
    for (const std::string& member : members(list)) {
      if (lower(member) != "100-continue" && !told.is_1_0) {
        return false;
      }
      told.expects_continue |= !told.is_1_0 && (told.is_chunked || told.length > 0);
    }
  }
  bool asks_keep_alive = false;
  for (const auto& list : values(told, "connection")) {
    for (const std::string& member : members(list)) {
      told.closes |= lower(member) == "close";
      asks_keep_alive |= lower(member) == "keep-alive";
    }
  }
  told.closes |= told.is_1_0 && !asks_keep_alive;
  told.keeps_alive = told.is_1_0 && !told.closes;
  return true;
}

// RFC 9112, 3.2.
bool read_target(Told& told) {
  constexpr std::string_view kMethods[] = {"GET",    "HEAD",    "OPTIONS", "POST", "PUT",
                                           "DELETE", "CONNECT", "TRACE",   "PATCH"};
  if (std::ranges::find(kMethods, told.method) == std::end(kMethods)) {
    return false;
  }
  std::string_view target = told.target;
  if (told.method == "CONNECT") {
    told.closes = true;
    told.keeps_alive = false;
    const std::size_t colon = target.rfind(':');
    return is_host(target) && colon != target.npos && colon + 1 < target.size() &&
           target.find(']', colon) == target.npos;
  }
  if (target == "*") {
    return told.method == "OPTIONS";
  }
  if (target.front() != '/') {
    const std::size_t scheme = target.find("://");
    if (scheme == target.npos ||
        (lower(target.substr(0, scheme)) != "http" && lower(target.substr(0, scheme)) != "https")) {
      return false;
    }
    target.remove_prefix(scheme + 3);
    const std::size_t end = std::min(target.find_first_of("/?"), target.size());
    told.host = target.substr(0, end);
    target.remove_prefix(end);
    if (told.host.empty() || !is_host(told.host)) {
      return false;
    }
    if (target.empty() && told.method == "OPTIONS") {
      return true;
    }
  }
  const std::size_t end = std::min(target.find('?'), target.size());
  told.path = end == 0 ? "/"sv : target.substr(0, end);
  told.query = target.substr(end);
  return true;
}

}  // namespace

std::string lower(std::string_view text) {
  std::string found(text);
  for (char& c : found) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  return found;
}

std::vector<std::string> members(std::string_view list) {
  std::vector<std::string> found;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    if (const auto member = without_blanks(list.substr(0, end)); !member.empty()) {
      found.emplace_back(member);
    }
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return found;
}

Told tell(std::string_view stream) {
  Told told;
  while (stream.starts_with("\r\n")) {
    stream.remove_prefix(2);
    told.before += 2;
  }
  if (stream.empty()) {
    return told;
  }
  if (stream == "\r") {
    told.kind = Told::Kind::kIncomplete;
    return told;
  }
  told.kind = Told::Kind::kBad;
  Lines lines;
  const End end = is_tchar(stream.front()) ? cut(stream, lines, told.bytes) : End::kBad;
  if (end == End::kNone) {
    told.kind = Told::Kind::kIncomplete;
  } else if (end == End::kFound) {
    told.line = lines.front();
    if (read_request_line(told) && read_fields(lines, told) && read_framing(told) &&
        read_target(told)) {
      told.kind = Told::Kind::kRequest;
    }
  }
  return told;
}

std::optional<std::string> resolved(std::string_view path) {
  std::vector<std::string> segments;
  bool has_slash = false;
  bool ends_in_slash = false;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::size_t end = std::min(path.find('/'), path.size());
    std::string segment;
    for (std::size_t at = 0; at < end; ++at) {
      if (path[at] != '%') {
        segment += path[at];
        continue;
      }
      const std::string digits = lower(path.substr(at + 1, std::min<std::size_t>(2, end - at - 1)));
      if (digits.size() < 2 || digits == "00" ||
          digits.find_first_not_of("0123456789abcdef") != digits.npos) {
        return std::nullopt;
      }
      segment += static_cast<char>(std::stoi(digits, nullptr, 16));
      has_slash |= segment.back() == '/';
      at += 2;
    }
    path.remove_prefix(end);
    ends_in_slash = segment.empty() || segment == "." || segment == "..";
    if (segment == ".." && !segments.empty()) {
      segments.pop_back();
    } else if (!ends_in_slash) {
      segments.push_back(segment);
    }
  }
  std::string found;
  for (const std::string& segment : segments) {
    found += "/" + segment;
  }
  return has_slash ? "" : found + (ends_in_slash || segments.empty() ? "/" : "");
}

}  // namespace mote::fuzz
