// A request's content: finds its end in bytes that come in any pieces, and keeps none of them.
//
// Nothing here wants content, but where it ends the next request begins: so its framing is read as
// strictly as the rest (RFC 9112, 6 and 7.1). What is in doubt, or more than is worth reading, ends
// the connection.
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
    kDone,      // nothing is to come, or no request has been begun
    kReading,   // more is to come
    kBroken,    // its framing is against the grammar
    kTooLarge,  // more than limits::kContentBytes, framing counted
  };

  // A request's header section has been read; its content comes next.
  void begin(const Request& request);

  // Takes bytes of content off the front of what came; returns how many they were. What follows on
  // kDone is left. After kBroken and kTooLarge nothing is of any use.
  std::size_t read(std::string_view input);

  [[nodiscard]] State state() const { return state_; }

 private:
  // What comes next within content, in the words of RFC 9112, 7.1.
  enum class Part : std::uint8_t {
    kEnd,   // zero, as all of a connection is that wasn't used yet
    kData,  // of a Content-Length
    kSizeStart,
    kSize,
    kBeforeExtension,  // a semicolon, or white space in front of it
    kNameStart,
    kName,
    kBeforeEquals,  // white space behind a name
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
    kNone,  // nothing that may come here
  };

  [[nodiscard]] std::size_t skip_data(std::size_t available);
  [[nodiscard]] Part step(char character);
  [[nodiscard]] Part step_in_size(char character);
  [[nodiscard]] Part step_in_extension(char character) const;
  [[nodiscard]] Part step_in_trailer(char character);
  [[nodiscard]] Part after_size();

  std::uint64_t remaining_ = 0;   // of this chunk's data, or of all of it
  std::uint32_t budget_ = 0;      // how many bytes more may be read
  std::uint16_t line_bytes_ = 0;  // of this chunk's line, or of the trailer section
  Part part_ = Part::kEnd;
  State state_ = State::kDone;
};

}  // namespace mote::http
