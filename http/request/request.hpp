// Requests: parses a whole header section, each byte once.
//
// As strict as RFC 9112 allows, because anything that two recipients read differently can be used
// to smuggle requests: lines end in CRLF (2.2 lets a recipient accept a bare LF; this one doesn't),
// no folding, no white space around names, no control characters, and unambiguous framing. Nothing
// is copied: views point into the section.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>

namespace mote::http {

// The error statuses that depend on the request, not on the site.
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

// kOther: a method that RFC 9110, 9.3, or RFC 5789 defines and no resource allows (405). For any
// other method parse_request fails with 501. CONNECT is kOther, with an authority-form and no path,
// and closes the connection: a client may send the tunnel's data without waiting, and that is no
// request.
enum class Method : std::uint8_t { kGet, kHead, kOptions, kOther };

// The forms of request target that an origin server receives (RFC 9112, 3.2). An absolute form's
// authority replaces Host; `path` is the part behind it. The asterisk form has no path and is valid
// with OPTIONS only.
enum class TargetForm : std::uint8_t { kOrigin, kAbsolute, kAsterisk };

// How a request's content is framed (RFC 9112, 6.3). kNone: no content.
enum class Framing : std::uint8_t { kNone, kLength, kChunked };

// Whether the connection stays open, and how a response says so (RFC 9112, 9.3).
enum class Persistence : std::uint8_t {
  kSilent,     // HTTP/1.1: open by default, without a field
  kKeepAlive,  // HTTP/1.0: open because the client asked, which the response confirms
  kClose,
};

struct Request {
  Method method = Method::kOther;
  TargetForm form = TargetForm::kOrigin;
  Persistence persistence = Persistence::kClose;
  Framing framing = Framing::kNone;
  bool is_http_1_0 = false;
  bool is_conditional = false;    // `selectors` holds a precondition (RFC 9110, 13.1.1 to 13.1.4)
  bool expects_continue = false;  // RFC 9110, 10.1.1; never with HTTP/1.0 or without content
  bool has_range = false;         // `selectors` holds Range
  bool has_accept_encoding = false;
  bool repeats_accept_encoding = false;  // `fields` holds more than one
  std::uint64_t content_bytes = 0;       // with Framing::kLength
  std::string_view line = {};            // the request line, without its CRLF
  std::string_view host = {};            // as received: any case, perhaps with a port; may be empty
  std::string_view path = {};   // absolute path as received: not decoded, without the query
  std::string_view query = {};  // the part behind it, with the question mark, or empty
  std::string_view accept_encoding = {};  // its value; the last line's if there are several
  // The part of `fields` from the first precondition, Range or If-Range to the last.
  std::string_view selectors = {};
  std::string_view fields = {};  // all field lines, each with its CRLF, known to be well-formed
};

// One field line of a section.
struct Field {
  std::string_view name;
  std::string_view value;  // without surrounding white space
};

// Takes the next line off a request's `fields` or `selectors`. They must not be empty.
[[nodiscard]] Field next_field(std::string_view& fields);

// Parses a section whose end SectionScanner found.
[[nodiscard]] std::expected<Request, Status> parse_request(std::string_view section);

}  // namespace mote::http
