// Separates requests in a connection's input.
#include "http/request/request_reader.hpp"

namespace mote::http {

using namespace std::string_view_literals;

// Skips empty lines before a request (RFC 9112, 2.2). Half of one doesn't begin a request.
bool RequestReader::begin_request(std::string_view& input) {
  if (scanner_.bytes() == 0) {
    while (input.starts_with("\r\n"sv)) {
      input.remove_prefix(2);
    }
  }
  is_mid_request_ = !input.empty() && input != "\r"sv;
  return is_mid_request_;
}

std::string_view RequestReader::take_section(std::string_view& input) {
  const std::string_view section{input.data(), scanner_.bytes()};
  input.remove_prefix(section.size());
  scanner_ = {};
  is_mid_request_ = false;
  return section;
}

void RequestReader::discard() {
  is_mid_request_ = false;
  buffer_.clear();
}

void RequestReader::discard_all() {
  discard();
  scanner_ = {};
  content_ = {};
}

}  // namespace mote::http
