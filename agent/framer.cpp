// Splits the stream into messages, byte by byte.
#include "agent/framer.hpp"

#include <utility>

#include "formats/document.hpp"

namespace mote::agent {

void Framer::reset() {
  state_ = State::kBetween;
  size_ = 0;
  begins_line_ = false;
}

Framer::Event Framer::take(char byte) {
  if (byte == kSentinel) {
    reset();
    return Event::kNone;
  }
  const bool begins_line = std::exchange(begins_line_, byte == '\n');
  if (state_ == State::kBetween || state_ == State::kGarbage) {
    return take_between(byte);
  }
  // Nobody begins a line with an inner object, but many do with a message.
  if (byte == '{' && begins_line) {
    begin_object();
    return Event::kBroken;
  }
  return take_within(byte);
}

Framer::Event Framer::take_between(char byte) {
  switch (byte) {
    case '{':
      begin_object();
      return Event::kNone;
    case '\n':
      state_ = State::kBetween;
      return Event::kNone;
    case ' ':
    case '\t':
    case '\r':
      return Event::kNone;
    default:  // tells of it once
      return std::exchange(state_, State::kGarbage) == State::kBetween ? Event::kBroken
                                                                       : Event::kNone;
  }
}

void Framer::begin_object() {
  state_ = State::kObject;
  size_ = 0;
  depth_ = 1;
  in_string_ = false;
  is_escaped_ = false;
  keep('{');
}

Framer::Event Framer::take_within(char byte) {
  if (state_ == State::kObject) {
    keep(byte);
  }
  const bool skips = state_ == State::kSkipping;
  if (byte == '\n' && (in_string_ || skips)) {  // no string goes on in the next line
    state_ = State::kBetween;
    return skips ? Event::kTooLong : Event::kBroken;
  }
  if (!ends_object(byte)) {
    return Event::kNone;
  }
  state_ = State::kBetween;
  return skips ? Event::kTooLong : Event::kMessage;
}

// Follows strings and brackets; whether they match is the JSON reader's business.
bool Framer::ends_object(char byte) {
  if (in_string_) {
    if (std::exchange(is_escaped_, false)) {
      return false;
    }
    is_escaped_ = byte == '\\';
    in_string_ = byte != '"';
    return false;
  }
  switch (byte) {
    case '"':
      in_string_ = true;
      return false;
    case '{':
    case '[':
      if (++depth_ > formats::kMostDepth) {
        state_ = State::kSkipping;
      }
      return false;
    case '}':
    case ']':
      return --depth_ == 0;
    default:
      return false;
  }
}

void Framer::keep(char byte) {
  if (size_ == buffer_.size()) {
    state_ = State::kSkipping;
    return;
  }
  buffer_[size_++] = byte;
}

}  // namespace mote::agent
