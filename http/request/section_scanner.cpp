// The lines of a header section, and the limits on them.
#include "http/request/section_scanner.hpp"

#include "http/limits.hpp"
#include "http/request/blocks.hpp"
#include "http/request/syntax.hpp"

namespace mote::http {
static_assert(limits::kRequestLineBytes + limits::kHeaderBytes < 0xFFFF);

SectionScanner::Verdict SectionScanner::scan(std::string_view input) {
  if (position_ == 0 && !input.empty() && !syntax::is(syntax::kTokenCharacter, input.front())) {
    return Verdict::kMalformed;
  }
  constexpr std::size_t kMost = limits::kRequestLineBytes + 2 + limits::kHeaderBytes;
  const std::size_t end = input.size() < kMost ? input.size() : kMost;
  while (position_ < end) {
    const std::size_t line_feed = find_line_feed({input.data(), end}, position_);
    position_ = static_cast<std::uint16_t>(line_feed);
    if (line_feed < end) {
      ++position_;
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

// Whether `size` bytes without a section's end exceed a limit.
SectionScanner::Verdict SectionScanner::too_far(std::size_t size) const {
  if (request_line_end_ == 0) {
    return size > limits::kRequestLineBytes + 1 ? Verdict::kLineTooLong : Verdict::kIncomplete;
  }
  return size - request_line_end_ > limits::kHeaderBytes ? Verdict::kTooLarge
                                                         : Verdict::kIncomplete;
}

}  // namespace mote::http
