// Requests: reads a whole header section, each byte once.
//
// Strict as RFC 9112 allows, because what two parties read differently can be smuggled between
// them: lines end in CRLF (2.2 lets a recipient accept a bare LF; this one doesn't), no folding,
// no white space around names, no control characters, and framing that is beyond doubt. Nothing is
// copied: views point into the section.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>

namespace mote::http {

// The statuses that a request alone can earn.
enum class Status : std::uint16_t {
  kBadRequest = 400,
  kMethodNotAllowed = 405,
  kRequestTimeout = 408,
  kPreconditionFailed = 412,
  kUriTooLong = 414,
  kRangeNotSatisfiable = 416,
  kExpectationFailed = 417,
  kHeaderFieldsTooLarge = 431,
  kNotImplemented = 501,
  kServiceUnavailable = 503,
  kVersionNotSupported = 505,
};

// kOther: a method that RFC 9110, 9.3, or RFC 5789 defines and nothing here allows (405); any other
// is 501, an error of parse_request's. CONNECT is among them, with its authority-form and no path,
// and closes: a client may send what is for the tunnel without waiting, and that is no request.
enum class Method : std::uint8_t { kGet, kHead, kOptions, kOther };

// The forms of a request target that an origin server gets (RFC 9112, 3.2). An absolute form's
// authority has taken the place of Host's; `path` is what follows on it. The asterisk form has no
// path and comes with OPTIONS only.
enum class TargetForm : std::uint8_t { kOrigin, kAbsolute, kAsterisk };

// How a request's content is framed (RFC 9112, 6.3). kNone: there is none, not a byte of it.
enum class Framing : std::uint8_t { kNone, kLength, kChunked };

// How a response tells the client whether the connection stays open (RFC 9112, 9.3).
enum class Persistence : std::uint8_t {
  kSilent,     // HTTP/1.1 stays open without a word
  kKeepAlive,  // HTTP/1.0 stays open because it asked to, and is told so
  kClose,
};

struct Request {
  Method method = Method::kOther;
  TargetForm form = TargetForm::kOrigin;
  Persistence persistence = Persistence::kClose;
  Framing framing = Framing::kNone;
  bool is_http_1_0 = false;
  bool is_conditional = false;    // `selectors` holds a precondition (RFC 9110, 13.1.1 to 13.1.4)
  bool expects_continue = false;  // RFC 9110, 10.1.1; never of HTTP/1.0, nor without content
  bool has_range = false;         // `selectors` holds Range
  bool has_accept_encoding = false;
  bool repeats_accept_encoding = false;   // `fields` holds several lines of it
  std::uint64_t content_bytes = 0;        // with Framing::kLength
  std::string_view line = {};             // the request line, without its CRLF
  std::string_view host = {};             // as it came: any case, perhaps with a port; may be empty
  std::string_view path = {};             // absolute path as it came: not decoded, without query
  std::string_view query = {};            // what follows on it, with its question mark, or empty
  std::string_view accept_encoding = {};  // its value; of several the last one's
  // Of `fields`, from the first precondition, Range or If-Range to the last.
  std::string_view selectors = {};
  std::string_view fields = {};  // all field lines, each with its CRLF, proven well-formed
};

// One field line of a section.
struct Field {
  std::string_view name;
  std::string_view value;  // without white space around it
};

// Takes the next line off a request's `fields` or `selectors`. They must not be empty.
[[nodiscard]] Field next_field(std::string_view& fields);

// Reads a section whose end SectionScanner found.
[[nodiscard]] std::expected<Request, Status> parse_request(std::string_view section);

}  // namespace mote::http
