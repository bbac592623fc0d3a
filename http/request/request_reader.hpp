// What has arrived on a connection and isn't answered yet: a request that has begun, what came
// behind it, or the content of the request that was answered last.
#pragma once

#include <cstddef>
#include <string_view>

#include "http/request/content.hpp"
#include "http/request/request.hpp"
#include "http/request/request_buffer.hpp"
#include "http/request/section_scanner.hpp"

namespace mote::http {

// Input is read where it lies, in a segment or in what is kept here. What couldn't be answered
// before its segment goes must be kept; then it is the input, with what arrives behind it. While
// content is read, nothing is kept.
class RequestReader {
 public:
  // Passes over empty lines in front of a request. False: no request has begun.
  [[nodiscard]] bool begin_request(std::string_view& input);

  // Looks for the end of the header section that `input` begins with.
  [[nodiscard]] SectionScanner::Verdict scan(std::string_view input) {
    return scanner_.scan(input);
  }

  // Takes the section off whose end was found, or as much of it as is enough to refuse it.
  [[nodiscard]] std::string_view take_section(std::string_view& input);

  // A request has begun, and its header section isn't whole.
  [[nodiscard]] bool is_mid_request() const { return is_mid_request_; }

  // The content of the request whose section was taken last comes next.
  void begin_content(const Request& request) { content_.begin(request); }
  [[nodiscard]] std::size_t read_content(std::string_view input) { return content_.read(input); }
  [[nodiscard]] ContentReader::State content_state() const { return content_.state(); }
  [[nodiscard]] bool is_reading_content() const {
    return content_.state() == ContentReader::State::kReading;
  }

  // Bytes kept, in copy. keep: false, and nothing is changed, if no buffer is free
  // (RequestBuffer::longest_holder).
  [[nodiscard]] bool keep(std::string_view bytes, Connection& owner) {
    return buffer_.append(bytes, owner);
  }
  [[nodiscard]] std::string_view kept() const { return buffer_.view(); }
  [[nodiscard]] bool keeps_any() const { return !buffer_.empty(); }
  void consume(std::size_t bytes) { buffer_.consume(bytes); }

  // Nothing has arrived, or all was answered, its content included.
  [[nodiscard]] bool is_idle() const {
    return !is_mid_request_ && buffer_.empty() && !is_reading_content();
  }

  // Discards what is kept; and content that is still to come, too.
  void discard();
  void discard_all();

 private:
  RequestBuffer buffer_;
  SectionScanner scanner_;  // of the request that the input begins with
  ContentReader content_;
  bool is_mid_request_ = false;
};

}  // namespace mote::http
