// Counts down Content-Length, and parses the chunked coding (RFC 9112, 7.1).
#include "http/request/content.hpp"

#include "http/limits.hpp"
#include "http/request/syntax.hpp"

namespace mote::http {
namespace {

using syntax::is;
using syntax::is_blank;

static_assert(limits::kChunkLineBytes < 0xFFFF && limits::kTrailerBytes < 0xFFFF);

}  // namespace

void ContentReader::begin(const Request& request) {
  state_ = State::kReading;
  budget_ = limits::kContentBytes;
  line_bytes_ = 0;
  remaining_ = 0;
  switch (request.framing) {
    case Framing::kNone:
      state_ = State::kDone;
      break;
    case Framing::kLength:
      part_ = Part::kData;
      remaining_ = request.content_bytes;
      state_ = remaining_ > budget_ ? State::kTooLarge : State::kReading;
      break;
    case Framing::kChunked:
      part_ = Part::kSizeStart;
      break;
  }
}

std::size_t ContentReader::read(std::string_view input) {
  std::size_t at = 0;
  while (state_ == State::kReading && at < input.size()) {
    if (budget_ == 0) {
      state_ = State::kTooLarge;
      break;
    }
    const bool is_data = part_ == Part::kData || part_ == Part::kChunkData;
    const std::size_t bytes = is_data ? skip_data(input.size() - at) : 1;
    if (!is_data) {
      part_ = step(input[at]);
    }
    at += bytes;
    budget_ -= static_cast<std::uint32_t>(bytes);
    if (part_ == Part::kEnd) {
      state_ = State::kDone;
    } else if (part_ == Part::kNone) {
      state_ = State::kBroken;
    }
  }
  return at;
}

// Passes over data. Returns how many bytes it passed.
std::size_t ContentReader::skip_data(std::size_t available) {
  std::size_t bytes = available < budget_ ? available : budget_;
  bytes = bytes < remaining_ ? bytes : static_cast<std::size_t>(remaining_);
  remaining_ -= bytes;
  if (remaining_ == 0) {
    part_ = part_ == Part::kData ? Part::kEnd : Part::kChunkReturn;
  }
  return bytes;
}

ContentReader::Part ContentReader::step(char character) {
  switch (part_) {
    case Part::kSizeStart:
    case Part::kSize:
      return step_in_size(character);
    case Part::kSizeLineFeed:
      return character == '\n' ? after_size() : Part::kNone;
    case Part::kChunkReturn:
      return character == '\r' ? Part::kChunkLineFeed : Part::kNone;
    case Part::kChunkLineFeed:
      line_bytes_ = 0;
      return character == '\n' ? Part::kSizeStart : Part::kNone;
    case Part::kTrailerStart:
    case Part::kTrailerName:
    case Part::kTrailerValue:
    case Part::kTrailerLineFeed:
    case Part::kLastLineFeed:
      return ++line_bytes_ > limits::kTrailerBytes ? Part::kNone : step_in_trailer(character);
    default:
      return ++line_bytes_ > limits::kChunkLineBytes ? Part::kNone : step_in_extension(character);
  }
}

// chunk-size = 1*HEXDIG. Sizes of 2^64 or more are rejected.
ContentReader::Part ContentReader::step_in_size(char character) {
  const unsigned digit = syntax::hex_value(character);
  if (digit == 16) {
    return part_ == Part::kSizeStart ? Part::kNone : step_in_extension(character);
  }
  if (++line_bytes_ > limits::kChunkLineBytes || remaining_ >> 60 != 0) {
    return Part::kNone;
  }
  remaining_ = remaining_ << 4 | digit;
  return Part::kSize;
}

// chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] ), where a value is a
// token or a quoted string; and the end of the line.
ContentReader::Part ContentReader::step_in_extension(char character) const {
  const bool is_token = is(syntax::kTokenCharacter, character);
  switch (part_) {
    case Part::kNameStart:
      return is_blank(character) ? part_ : is_token ? Part::kName : Part::kNone;
    case Part::kValueStart:
      return is_blank(character) ? part_
             : character == '"'  ? Part::kQuoted
             : is_token          ? Part::kValue
                                 : Part::kNone;
    case Part::kQuoted:
      return character == '"'                          ? Part::kAfterValue
             : character == '\\'                       ? Part::kEscaped
             : is(syntax::kQuotedCharacter, character) ? part_
                                                       : Part::kNone;
    case Part::kEscaped:
      return is(syntax::kValueCharacter, character) ? Part::kQuoted : Part::kNone;
    default:
      break;
  }
  const bool in_name = part_ == Part::kName || part_ == Part::kBeforeEquals;
  if (character == ';') {
    return Part::kNameStart;
  }
  if (character == '=' && in_name) {
    return Part::kValueStart;
  }
  if (is_blank(character)) {
    return in_name ? Part::kBeforeEquals : Part::kBeforeExtension;
  }
  if (is_token && (part_ == Part::kName || part_ == Part::kValue)) {
    return part_;
  }
  const bool may_end = part_ != Part::kBeforeEquals && part_ != Part::kBeforeExtension;
  return character == '\r' && may_end ? Part::kSizeLineFeed : Part::kNone;
}

// trailer-section = *( field-line CRLF ), and the empty line that ends the content. Fields are
// checked like those of a header section, and dropped (RFC 9110, 6.5.1).
ContentReader::Part ContentReader::step_in_trailer(char character) {
  const bool is_token = is(syntax::kTokenCharacter, character);
  switch (part_) {
    case Part::kTrailerStart:
      return character == '\r' ? Part::kLastLineFeed : is_token ? Part::kTrailerName : Part::kNone;
    case Part::kTrailerName:
      return character == ':' ? Part::kTrailerValue : is_token ? part_ : Part::kNone;
    case Part::kTrailerValue:
      return character == '\r'                        ? Part::kTrailerLineFeed
             : is(syntax::kValueCharacter, character) ? part_
                                                      : Part::kNone;
    case Part::kTrailerLineFeed:
      return character == '\n' ? Part::kTrailerStart : Part::kNone;
    default:
      return character == '\n' ? Part::kEnd : Part::kNone;
  }
}

// A chunk's size line has been read. A chunk of size 0 is the last one.
ContentReader::Part ContentReader::after_size() {
  line_bytes_ = 0;
  if (remaining_ == 0) {
    return Part::kTrailerStart;
  }
  if (remaining_ >= budget_) {  // this line feed still needs one byte of it
    state_ = State::kTooLarge;
  }
  return Part::kChunkData;
}

}  // namespace mote::http
