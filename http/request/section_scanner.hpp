// Finds the end of a request's header section in bytes that arrive in any pieces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mote::http {

// Looks at each byte once, and only for line ends; parse_request checks the lines.
class SectionScanner {
 public:
  enum class Verdict : std::uint8_t {
    kIncomplete,
    kComplete,     // `bytes()` is the section's length
    kMalformed,    // 400: a line doesn't end in CRLF, or the first byte can't begin a method
    kLineTooLong,  // 414
    kTooLarge,     // 431: too many bytes or fields
  };

  // `input` is everything received from the request's first byte on. After a verdict other than
  // kIncomplete, use a new scanner.
  [[nodiscard]] Verdict scan(std::string_view input);

  [[nodiscard]] std::size_t bytes() const { return position_; }

 private:
  [[nodiscard]] Verdict end_of_line(std::string_view input);
  [[nodiscard]] Verdict too_far(std::size_t size) const;

  std::uint16_t position_ = 0;  // bytes looked at
  std::uint16_t line_start_ = 0;
  std::uint16_t request_line_end_ = 0;  // 0: not found yet
  std::uint16_t fields_ = 0;
};

}  // namespace mote::http
