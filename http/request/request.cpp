// The request parser: request line and field lines (RFC 9112, sections 2 to 6).
#include "http/request/request.hpp"

#include <utility>

#include "http/request/blocks.hpp"
#include "http/request/host.hpp"
#include "http/request/syntax.hpp"

namespace mote::http {
namespace {

using std::unexpected;
using namespace std::string_view_literals;
using syntax::index_of;
using syntax::is_text;
using syntax::is_word;

using Soundness = std::expected<void, Status>;

constexpr std::size_t kVersionBytes = 8;

Soundness bad_request() { return unexpected(Status::kBadRequest); }

// Parses a section in one pass. No step needs to check for the section's end: SectionScanner has
// made sure that it ends in an empty line, and no character class contains CR or LF.
class Reader {
 public:
  explicit Reader(std::string_view section) : section_(section) {}

  [[nodiscard]] std::expected<Request, Status> run();

 private:
  [[nodiscard]] Soundness read_request_line();
  [[nodiscard]] Soundness read_version();
  [[nodiscard]] Soundness read_field_line();
  [[nodiscard]] Soundness note(std::string_view name, std::string_view value);
  [[nodiscard]] Soundness note_host(std::string_view value);
  [[nodiscard]] Soundness note_content_length(std::string_view value);
  [[nodiscard]] Soundness note_transfer_encoding(std::string_view value);
  void note_precondition(std::string_view name, bool is_one);
  void note_selector(std::string_view name);
  void note_expect(std::string_view value);
  void note_connection(std::string_view value);
  [[nodiscard]] Soundness check_framing();
  [[nodiscard]] Soundness find_method();
  [[nodiscard]] Soundness split_target();
  [[nodiscard]] Soundness split_absolute(std::string_view target);
  void split_path(std::string_view target);
  [[nodiscard]] Persistence persistence() const;
  std::string_view take_to(std::size_t end) {
    const std::size_t start = std::exchange(at_, end);
    return {section_.data() + start, end - start};
  }
  bool skip(char character) {
    const bool found = section_[at_] == character;
    at_ += found ? 1 : 0;
    return found;
  }
  bool skip_line_end() { return skip('\r') && skip('\n'); }
  std::string_view section_;
  std::size_t at_ = 0;
  Request request_;
  std::string_view method_;
  std::string_view target_;
  bool has_host_ = false;
  bool has_content_length_ = false;
  bool has_transfer_coding_ = false;
  bool last_coding_is_chunked_ = false;
  bool has_unknown_coding_ = false;
  bool asks_close_ = false;
  bool asks_keep_alive_ = false;
  bool expects_else_ = false;
};

std::expected<Request, Status> Reader::run() {
  Soundness sound = read_request_line();
  const std::size_t fields = at_;
  while (sound && section_[at_] != '\r') {
    sound = read_field_line();
  }
  if (sound && section_.size() - at_ != 2) {  // a line that begins with a bare CR
    sound = bad_request();
  }
  sound = sound ? check_framing() : sound;
  sound = sound ? find_method() : sound;
  sound = sound ? split_target() : sound;
  if (!sound) {
    return unexpected(sound.error());
  }
  request_.line = {section_.data(), fields - 2};
  request_.fields = {section_.data() + fields, at_ - fields};
  request_.persistence = persistence();
  return request_;
}

// method SP request-target SP HTTP-version, each separated by one space (RFC 9112, 3).
Soundness Reader::read_request_line() {
  method_ = take_to(end_of_token(section_, at_));
  if (method_.empty() || !skip(' ')) {
    return bad_request();
  }
  target_ = take_to(end_of_target(section_, at_));
  if (target_.empty() || !skip(' ')) {
    return bad_request();
  }
  return read_version();
}

// HTTP-version (RFC 9112, 2.3). An unknown minor version is read as 1. "HTTP/0.9" is a bad request:
// requests of that version don't carry one.
Soundness Reader::read_version() {
  if (section_.size() - at_ < kVersionBytes + 4) {  // plus two line ends
    return bad_request();
  }
  const std::string_view version{section_.data() + at_, kVersionBytes};
  at_ += kVersionBytes;
  const bool is_ended = skip_line_end();
  if (is_ended && is_text(version, "HTTP/1.1")) {
    return {};
  }
  if (!is_ended || !is_text({version.data(), 5}, "HTTP/") || !syntax::is_digit(version[5]) ||
      version[5] == '0' || version[6] != '.' || !syntax::is_digit(version[7])) {
    return bad_request();
  }
  request_.is_http_1_0 = version[7] == '0';
  return version[5] == '1' ? Soundness() : unexpected(Status::kVersionNotSupported);
}

// A name, a colon directly behind it, and a value that may have white space around it (RFC 9112,
// 5). A folded line begins with white space, which no name does.
Soundness Reader::read_field_line() {
  const std::string_view name = take_to(end_of_token(section_, at_));
  if (name.empty() || !skip(':')) {
    return bad_request();
  }
  while (syntax::is_blank(section_[at_])) {
    ++at_;
  }
  std::string_view value = take_to(end_of_value(section_, at_));
  if (!skip_line_end()) {
    return bad_request();
  }
  while (!value.empty() && syntax::is_blank(value.back())) {
    value.remove_suffix(1);
  }
  return note(name, value);
}

Soundness Reader::note(std::string_view name, std::string_view value) {
  switch (name.size()) {
    case 4:
      return is_word(name, "host") ? note_host(value) : Soundness();
    case 5:
      if (is_word(name, "range")) {
        request_.has_range = true;
        note_selector(name);
      }
      break;
    case 6:
      if (is_word(name, "expect")) {
        note_expect(value);
      }
      break;
    case 8:
      note_precondition(name, is_word(name, "if-match"));
      if (is_word(name, "if-range")) {
        note_selector(name);
      }
      break;
    case 10:
      if (is_word(name, "connection")) {
        note_connection(value);
      }
      break;
    case 13:
      note_precondition(name, is_word(name, "if-none-match"));
      break;
    case 14:
      return is_word(name, "content-length") ? note_content_length(value) : Soundness();
    case 15:
      if (is_word(name, "accept-encoding")) {
        request_.repeats_accept_encoding = request_.has_accept_encoding;
        request_.has_accept_encoding = true;
        request_.accept_encoding = value;
      }
      break;
    case 17:
      note_precondition(name, is_word(name, "if-modified-since"));
      return is_word(name, "transfer-encoding") ? note_transfer_encoding(value) : Soundness();
    case 19:
      note_precondition(name, is_word(name, "if-unmodified-since"));
      break;
    default:
      break;
  }
  return {};
}

void Reader::note_precondition(std::string_view name, bool is_one) {
  request_.is_conditional |= is_one;
  if (is_one) {
    note_selector(name);
  }
}

// Call with `at_` behind the line.
void Reader::note_selector(std::string_view name) {
  const char* const first = request_.selectors.empty() ? name.data() : request_.selectors.data();
  request_.selectors = {first, static_cast<std::size_t>(section_.data() + at_ - first)};
}

Soundness Reader::note_host(std::string_view value) {
  if (has_host_ || !end_of_host(value)) {
    return bad_request();
  }
  has_host_ = true;
  request_.host = value;
  return {};
}

// One decimal number, once (RFC 9110, 8.6). A list of equal numbers may be rejected (RFC 9112, 6.3,
// item 5), and so is a number of more than 64 bits.
Soundness Reader::note_content_length(std::string_view value) {
  if (has_content_length_ || value.empty()) {
    return bad_request();
  }
  has_content_length_ = true;
  std::uint64_t number = 0;
  for (const char character : value) {
    const auto digit = static_cast<std::uint64_t>(character - '0');
    if (!syntax::is_digit(character) || __builtin_mul_overflow(number, 10U, &number) ||
        __builtin_add_overflow(number, digit, &number)) {
      return bad_request();
    }
  }
  request_.content_bytes = number;
  return {};
}

// The codings, in the order in which they were applied. Nothing may follow chunked, not even
// chunked (RFC 9112, 6.1). RFC 9110, 5.6.1.2, would ignore empty members; we reject them, because
// no client writes them and another recipient may read them differently.
Soundness Reader::note_transfer_encoding(std::string_view value) {
  has_transfer_coding_ = true;
  for (;;) {
    const std::size_t end = index_of(value, ',');
    const std::string_view coding = syntax::trimmed({value.data(), end});
    if (coding.empty() || last_coding_is_chunked_) {
      return bad_request();
    }
    last_coding_is_chunked_ = is_word(coding, "chunked");
    has_unknown_coding_ |= !last_coding_is_chunked_;
    if (end == value.size()) {
      return {};
    }
    value.remove_prefix(end + 1);
  }
}

void Reader::note_expect(std::string_view value) {
  for (auto member = syntax::next_member(value); !member.empty();
       member = syntax::next_member(value)) {
    const bool is_continue = is_word(member, "100-continue");
    request_.expects_continue |= is_continue;
    expects_else_ |= !is_continue;
  }
}

void Reader::note_connection(std::string_view value) {
  for (auto option = syntax::next_member(value); !option.empty();
       option = syntax::next_member(value)) {
    asks_close_ |= is_word(option, "close");
    asks_keep_alive_ |= is_word(option, "keep-alive");
  }
}

// Checks that it is unambiguous where the request ends and which host it is for (RFC 9112, 3.2,
// 6.1, 6.3).
Soundness Reader::check_framing() {
  if (!has_host_ && !request_.is_http_1_0) {
    return bad_request();
  }
  if (has_transfer_coding_) {
    if (request_.is_http_1_0 || has_content_length_ || !last_coding_is_chunked_) {
      return bad_request();
    }
    if (has_unknown_coding_) {
      return unexpected(Status::kNotImplemented);
    }
    request_.framing = Framing::kChunked;
  } else if (request_.content_bytes > 0) {
    request_.framing = Framing::kLength;
  }
  // RFC 9110, 10.1.1: not for HTTP/1.0, and not for requests without content.
  request_.expects_continue &= request_.framing != Framing::kNone && !request_.is_http_1_0;
  if (expects_else_ && !request_.is_http_1_0) {
    return unexpected(Status::kExpectationFailed);
  }
  return {};
}

Soundness Reader::find_method() {
  if (is_text(method_, "GET")) {
    request_.method = Method::kGet;
  } else if (is_text(method_, "HEAD")) {
    request_.method = Method::kHead;
  } else if (is_text(method_, "OPTIONS")) {
    request_.method = Method::kOptions;
  } else if (!is_text(method_, "POST") && !is_text(method_, "PUT") && !is_text(method_, "DELETE") &&
             !is_text(method_, "CONNECT") && !is_text(method_, "TRACE") &&
             !is_text(method_, "PATCH")) {  // RFC 9110, 9.3, and RFC 5789
    return unexpected(Status::kNotImplemented);
  }
  return {};
}

Soundness Reader::split_target() {
  if (is_text(method_, "CONNECT")) {  // authority-form, with its port (RFC 9110, 9.3.6)
    const auto end = end_of_host(target_);
    asks_close_ = true;
    return end && target_.size() > *end + 1 ? Soundness() : bad_request();
  }
  if (target_.front() == '/') {
    split_path(target_);
    return {};
  }
  if (is_text(target_, "*") && request_.method == Method::kOptions) {
    request_.form = TargetForm::kAsterisk;
    return {};
  }
  for (const std::string_view scheme : {"http://"sv, "https://"sv}) {
    if (syntax::starts_with_word(target_, scheme)) {
      return split_absolute(target_.substr(scheme.size()));
    }
  }
  return bad_request();
}

// Splits an absolute form, without its scheme (RFC 9112, 3.2.2).
Soundness Reader::split_absolute(std::string_view target) {
  std::size_t end = 0;
  while (end < target.size() && target[end] != '/' && target[end] != '?') {
    ++end;
  }
  request_.host = {target.data(), end};
  if (end == 0 || !end_of_host(request_.host)) {  // RFC 9110, 4.2.1: never without a host
    return bad_request();
  }
  target.remove_prefix(end);
  request_.form = TargetForm::kAbsolute;
  if (target.empty() && request_.method == Method::kOptions) {
    request_.form = TargetForm::kAsterisk;  // as a proxy would forward it (3.2.4)
  } else if (target.starts_with('/')) {
    split_path(target);
  } else {
    request_.path = "/"sv;
    request_.query = target;
  }
  return {};
}

void Reader::split_path(std::string_view target) {
  const std::size_t end = index_of(target, '?');
  request_.path = {target.data(), end};
  request_.query = {target.data() + end, target.size() - end};
}

// RFC 9112, 9.3.
Persistence Reader::persistence() const {
  const bool stays = !asks_close_ && (asks_keep_alive_ || !request_.is_http_1_0);
  return !stays                 ? Persistence::kClose
         : request_.is_http_1_0 ? Persistence::kKeepAlive
                                : Persistence::kSilent;
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

std::expected<Request, Status> parse_request(std::string_view section) {
  return Reader(section).run();
}

}  // namespace mote::http
