// The request parser: request line and field lines as RFC 9112, sections 2 to 6, have them.
#include "http/request.hpp"

#include "http/syntax.hpp"
#include "kernel/limits.hpp"

namespace mote::http {
namespace {

using std::unexpected;
using namespace std::string_view_literals;
using syntax::equals_word;
using syntax::index_of;

static_assert(limits::kRequestLineBytes + limits::kHeaderBytes < 0xFFFF);

// What the fields say about framing and routing, gathered line by line.
struct Facts {
  unsigned hosts = 0;
  unsigned content_lengths = 0;
  bool has_content = false;  // Content-Length is not zero
  bool has_transfer_coding = false;
  bool last_coding_is_chunked = false;
  bool has_unknown_coding = false;
  bool asks_close = false;
  bool asks_keep_alive = false;
  bool is_conditional = false;
};

struct RequestLine {
  std::string_view method;
  std::string_view target;
  std::string_view version;
};

// method SP request-target SP HTTP-version, each separated by one space (RFC 9112, 3).
bool split(std::string_view line, RequestLine& parts) {
  const std::size_t first = index_of(line, ' ');
  if (first == line.size()) {
    return false;
  }
  parts.method = {line.data(), first};
  line.remove_prefix(first + 1);
  const std::size_t second = index_of(line, ' ');
  if (second == line.size()) {
    return false;
  }
  parts.target = {line.data(), second};
  line.remove_prefix(second + 1);
  parts.version = line;
  return !parts.method.empty() && syntax::all_are(syntax::kTokenCharacter, parts.method) &&
         !parts.target.empty() && syntax::all_are(syntax::kTargetCharacter, parts.target);
}

// HTTP-version (RFC 9112, 2.3): the minor version, whose unknown values mean what 1 means.
std::expected<unsigned, Status> minor_version(std::string_view text) {
  constexpr std::string_view kName = "HTTP/";
  if (text.size() != 8 || !text.starts_with(kName) || !syntax::is_digit(text[5]) ||
      text[6] != '.' || !syntax::is_digit(text[7])) {
    return unexpected(Status::kBadRequest);
  }
  if (text[5] != '1') {
    return unexpected(Status::kVersionNotSupported);
  }
  return text[7] == '0' ? 0U : 1U;
}

// The other methods of RFC 9110, 9.3, and PATCH (RFC 5789): known, though not allowed.
bool is_known(std::string_view method) {
  for (const std::string_view known :
       {"POST"sv, "PUT"sv, "DELETE"sv, "CONNECT"sv, "OPTIONS"sv, "TRACE"sv, "PATCH"sv}) {
    if (method == known) {
      return true;
    }
  }
  return false;
}

std::expected<Method, Status> method_of(std::string_view name) {
  if (name == "GET"sv) {
    return Method::kGet;
  }
  if (name == "HEAD"sv) {
    return Method::kHead;
  }
  if (is_known(name)) {
    return Method::kOther;
  }
  return unexpected(Status::kNotImplemented);
}

// A host and perhaps a port (RFC 9110, 7.2). Userinfo has no place in it.
bool is_host(std::string_view text) {
  if (!syntax::all_are(syntax::kHostCharacter, text)) {
    return false;
  }
  if (!text.empty() && text.front() == '[') {  // IP-literal
    const std::size_t end = index_of(text, ']');
    if (end == text.size()) {
      return false;
    }
    text.remove_prefix(end + 1);
    if (!text.empty() && text.front() != ':') {
      return false;
    }
  }
  const std::size_t colon = index_of(text, ':');
  for (std::size_t at = colon + 1; at < text.size(); ++at) {
    if (!syntax::is_digit(text[at])) {
      return false;
    }
  }
  return index_of({text.data(), colon}, '[') == colon && index_of(text, ']') == text.size();
}

// The path of a target in origin-form or absolute-form (RFC 9112, 3.2), without its query.
std::expected<std::string_view, Status> path_of(std::string_view target) {
  if (target.front() != '/') {
    if (syntax::starts_with_word(target, "http://"sv)) {
      target.remove_prefix(7);
    } else if (syntax::starts_with_word(target, "https://"sv)) {
      target.remove_prefix(8);
    } else {
      return unexpected(Status::kBadRequest);
    }
    std::size_t end = 0;
    while (end < target.size() && target[end] != '/' && target[end] != '?') {
      ++end;
    }
    // An http URI with an empty host is invalid (RFC 9110, 4.2.1).
    if (end == 0 || target.front() == ':' || !is_host({target.data(), end})) {
      return unexpected(Status::kBadRequest);
    }
    target.remove_prefix(end);
    if (target.empty() || target.front() == '?') {
      return "/"sv;
    }
  }
  return std::string_view(target.data(), index_of(target, '?'));
}

void note_connection(std::string_view value, Facts& facts) {
  for (auto option = syntax::next_member(value); !option.empty();
       option = syntax::next_member(value)) {
    facts.asks_close |= equals_word(option, "close"sv);
    facts.asks_keep_alive |= equals_word(option, "keep-alive"sv);
  }
}

void note_transfer_encoding(std::string_view value, Facts& facts) {
  facts.has_transfer_coding = true;
  for (auto coding = syntax::next_member(value); !coding.empty();
       coding = syntax::next_member(value)) {
    // Nothing may follow chunked, not even itself (RFC 9112, 6.1): then the last one is unknown.
    const bool chunked = equals_word(coding, "chunked"sv) && !facts.last_coding_is_chunked;
    facts.has_unknown_coding |= !chunked;
    facts.last_coding_is_chunked = chunked;
  }
}

// False: the value is no decimal number (RFC 9110, 8.6), or the field came before.
bool note_content_length(std::string_view value, Facts& facts) {
  bool is_number = !value.empty();
  for (const char character : value) {
    is_number &= syntax::is_digit(character);
    facts.has_content |= character != '0';
  }
  return is_number && ++facts.content_lengths == 1;
}

// False: the field makes the request a bad one.
bool note(const Field& field, Facts& facts) {
  switch (field.name.size()) {
    case 4:
      if (equals_word(field.name, "host"sv)) {
        return ++facts.hosts == 1 && is_host(field.value);
      }
      break;
    case 8:
      facts.is_conditional |= equals_word(field.name, "if-match"sv);
      break;
    case 10:
      if (equals_word(field.name, "connection"sv)) {
        note_connection(field.value, facts);
      }
      break;
    case 13:
      facts.is_conditional |= equals_word(field.name, "if-none-match"sv);
      break;
    case 14:
      return !equals_word(field.name, "content-length"sv) ||
             note_content_length(field.value, facts);
    case 17:
      if (equals_word(field.name, "transfer-encoding"sv)) {
        note_transfer_encoding(field.value, facts);
      }
      facts.is_conditional |= equals_word(field.name, "if-modified-since"sv);
      break;
    case 19:
      facts.is_conditional |= equals_word(field.name, "if-unmodified-since"sv);
      break;
    default:
      break;
  }
  return true;
}

// A field line without its CRLF: a name, a colon right behind it, a value (RFC 9112, 5). A folded
// line begins with white space, which no name does.
bool is_field_line(std::string_view line) {
  const std::size_t colon = index_of(line, ':');
  return colon > 0 && colon < line.size() &&
         syntax::all_are(syntax::kTokenCharacter, {line.data(), colon}) &&
         syntax::all_are(syntax::kValueCharacter, {line.data() + colon, line.size() - colon});
}

bool read_fields(std::string_view fields, Facts& facts) {
  while (!fields.empty()) {
    const std::string_view line{fields.data(), index_of(fields, '\n') - 1};
    if (!is_field_line(line) || !note(next_field(fields), facts)) {
      return false;
    }
  }
  return true;
}

// Whether framing is beyond doubt (RFC 9112, 6.1 and 6.3); any doubt ends the connection.
std::expected<void, Status> check_framing(const Facts& facts, unsigned minor) {
  if (facts.has_transfer_coding) {
    if (minor == 0 || facts.content_lengths != 0 || !facts.last_coding_is_chunked) {
      return unexpected(Status::kBadRequest);
    }
    if (facts.has_unknown_coding) {
      return unexpected(Status::kNotImplemented);
    }
  }
  if (minor > 0 && facts.hosts != 1) {  // RFC 9112, 3.2
    return unexpected(Status::kBadRequest);
  }
  return {};
}

Persistence persistence_of(const Facts& facts, unsigned minor) {
  if (facts.asks_close) {
    return Persistence::kClose;
  }
  if (minor > 0) {
    return Persistence::kSilent;
  }
  return facts.asks_keep_alive ? Persistence::kKeepAlive : Persistence::kClose;
}

}  // namespace

Field next_field(std::string_view& fields) {
  const std::size_t end = index_of(fields, '\n');
  const std::string_view line{fields.data(), end - 1};
  const std::size_t colon = index_of(line, ':');
  fields.remove_prefix(end + 1);
  return {.name = {line.data(), colon},
          .value = syntax::trimmed({line.data() + colon + 1, line.size() - colon - 1})};
}

SectionScanner::Verdict SectionScanner::scan(std::string_view input) {
  if (position_ == 0 && !input.empty() && !syntax::is(syntax::kTokenCharacter, input.front())) {
    return Verdict::kMalformed;
  }
  constexpr std::size_t kMost = limits::kRequestLineBytes + 2 + limits::kHeaderBytes;
  const std::size_t end = input.size() < kMost ? input.size() : kMost;
  while (position_ < end) {
    if (input[position_++] == '\n') {
      const Verdict verdict = end_of_line(input);
      if (verdict != Verdict::kIncomplete) {
        return verdict;
      }
    }
  }
  return too_far(input.size());
}

// `position_` has just passed a line feed.
SectionScanner::Verdict SectionScanner::end_of_line(std::string_view input) {
  if (position_ < 2 || input[position_ - 2U] != '\r') {
    return Verdict::kMalformed;
  }
  const bool is_empty = position_ - line_start_ == 2;
  line_start_ = position_;
  if (request_line_end_ == 0) {
    request_line_end_ = position_;
    return position_ - 2U > limits::kRequestLineBytes ? Verdict::kLineTooLong
                                                      : Verdict::kIncomplete;
  }
  if (is_empty) {
    return too_far(position_) == Verdict::kIncomplete ? Verdict::kComplete : Verdict::kTooLarge;
  }
  return ++fields_ > limits::kHeaderFields ? Verdict::kTooLarge : Verdict::kIncomplete;
}

// Whether `size` bytes without a section's end are more than may be.
SectionScanner::Verdict SectionScanner::too_far(std::size_t size) const {
  if (request_line_end_ == 0) {
    return size > limits::kRequestLineBytes + 1 ? Verdict::kLineTooLong : Verdict::kIncomplete;
  }
  return size - request_line_end_ > limits::kHeaderBytes ? Verdict::kTooLarge
                                                         : Verdict::kIncomplete;
}

std::expected<Request, Status> parse_request(std::string_view section) {
  const std::size_t line_end = index_of(section, '\n');
  RequestLine line;
  if (!split({section.data(), line_end - 1}, line)) {
    return unexpected(Status::kBadRequest);
  }
  const auto minor = minor_version(line.version);
  if (!minor) {
    return unexpected(minor.error());
  }
  Request request;
  // Between the request line and the empty line at the end.
  request.fields = {section.data() + line_end + 1, section.size() - line_end - 3};
  Facts facts;
  if (!read_fields(request.fields, facts)) {
    return unexpected(Status::kBadRequest);
  }
  if (const auto sound = check_framing(facts, *minor); !sound) {
    return unexpected(sound.error());
  }
  const auto method = method_of(line.method);
  if (!method) {
    return unexpected(method.error());
  }
  request.method = *method;
  request.persistence = persistence_of(facts, *minor);
  request.has_body = facts.has_content || facts.has_transfer_coding;
  request.is_conditional = facts.is_conditional;
  if (request.method == Method::kOther) {
    return request;  // answered with 405 whatever its target, which may be in another form
  }
  const auto path = path_of(line.target);
  if (!path) {
    return unexpected(path.error());
  }
  request.path = *path;
  return request;
}

}  // namespace mote::http
