// A connection's unanswered input: a request that has begun, the bytes behind it, or the content of
// the request answered last.
#pragma once

#include <cstddef>
#include <string_view>

#include "http/request/content.hpp"
#include "http/request/request.hpp"
#include "http/request/request_buffer.hpp"
#include "http/request/section_scanner.hpp"

namespace mote::http {

// Input is read in place, in a segment or in the bytes kept here. Bytes that can't be answered
// before their segment is freed must be kept; from then on they are the input, and later bytes are
// appended. While content is being read, nothing is kept.
class RequestReader {
 public:
  // Skips empty lines in front of a request. False: no request has begun.
  [[nodiscard]] bool begin_request(std::string_view& input);

  // Looks for the end of the header section at the front of `input`.
  [[nodiscard]] SectionScanner::Verdict scan(std::string_view input) {
    return scanner_.scan(input);
  }

  // Takes the scanned section off the front, or as much of it as sufficed to refuse it.
  [[nodiscard]] std::string_view take_section(std::string_view& input);

  // A request has begun, and its header section is incomplete.
  [[nodiscard]] bool is_mid_request() const { return is_mid_request_; }

  // Call when the content of this request, whose section was taken last, comes next.
  void begin_content(const Request& request) { content_.begin(request); }
  [[nodiscard]] std::size_t read_content(std::string_view input) { return content_.read(input); }
  [[nodiscard]] ContentReader::State content_state() const { return content_.state(); }
  [[nodiscard]] bool is_reading_content() const {
    return content_.state() == ContentReader::State::kReading;
  }

  // Copies of bytes that must be kept. keep: false, with nothing changed, if no buffer is free (see
  // RequestBuffer::longest_holder).
  [[nodiscard]] bool keep(std::string_view bytes, Connection& owner) {
    return buffer_.append(bytes, owner);
  }
  [[nodiscard]] std::string_view kept() const { return buffer_.view(); }
  [[nodiscard]] bool keeps_any() const { return !buffer_.empty(); }
  void consume(std::size_t bytes) { buffer_.consume(bytes); }

  // All input is answered, and all content read.
  [[nodiscard]] bool is_idle() const {
    return !is_mid_request_ && buffer_.empty() && !is_reading_content();
  }

  // Discards the kept bytes; discard_all also forgets content that is still to come.
  void discard();
  void discard_all();

 private:
  RequestBuffer buffer_;
  SectionScanner scanner_;  // of the request at the front of the input
  ContentReader content_;
  bool is_mid_request_ = false;
};

}  // namespace mote::http
