// Reads a request's content to find its end. Bytes may arrive in any pieces; none are kept.
//
// Mote uses no content, but the next request begins where it ends, so its framing is parsed as
// strictly as everything else (RFC 9112, 6 and 7.1). Invalid framing, or more content than is worth
// reading, ends the connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/limits.hpp"
#include "http/request/request.hpp"

namespace mote::http {

class ContentReader {
 public:
  enum class State : std::uint8_t {
    kDone,      // nothing more will come, or no request has begun
    kReading,   // more will come
    kBroken,    // its framing breaks the grammar
    kTooLarge,  // more than limits::kContentBytes, counting framing
  };

  // Call when a request's header section has been read and its content comes next.
  void begin(const Request& request);

  // Reads content from the front of `input`. Returns how many bytes it took; with kDone, the rest
  // isn't content. After kBroken or kTooLarge the rest of the input is of no use.
  std::size_t read(std::string_view input);

  [[nodiscard]] State state() const { return state_; }

 private:
  // The next part expected within content, in the terms of RFC 9112, 7.1.
  enum class Part : std::uint8_t {
    kEnd,   // zero, like everything in an unused connection
    kData,  // counted by Content-Length
    kSizeStart,
    kSize,
    kBeforeExtension,  // a semicolon, or white space in front of it
    kNameStart,
    kName,
    kBeforeEquals,  // white space after a name
    kValueStart,
    kValue,
    kQuoted,
    kEscaped,
    kAfterValue,
    kSizeLineFeed,
    kChunkData,
    kChunkReturn,
    kChunkLineFeed,
    kTrailerStart,
    kTrailerName,
    kTrailerValue,
    kTrailerLineFeed,
    kLastLineFeed,
    kNone,  // an error: no part allows the byte
  };

  [[nodiscard]] std::size_t skip_data(std::size_t available);
  [[nodiscard]] Part step(char character);
  [[nodiscard]] Part step_in_size(char character);
  [[nodiscard]] Part step_in_extension(char character) const;
  [[nodiscard]] Part step_in_trailer(char character);
  [[nodiscard]] Part after_size();

  std::uint64_t remaining_ = 0;   // bytes of this chunk's data, or of all content
  std::uint32_t budget_ = 0;      // how many more bytes may be read
  std::uint16_t line_bytes_ = 0;  // read of this chunk's line, or of the trailer section
  Part part_ = Part::kEnd;
  State state_ = State::kDone;
};

}  // namespace mote::http
