// A client's reading of a stream of responses: RFC 9112 taken strictly, apart from the server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "tests/fuzz/request_oracle.hpp"

namespace mote::fuzz {

struct Response {
  int status = 0;
  std::map<std::string, std::string_view> fields;  // by lower-case name
  std::string_view body;
  bool is_whole = false;  // false: the stream ends before the response does
  bool closes = false;

  // The value of a field, or empty.
  [[nodiscard]] std::string_view operator[](const std::string& name) const;
};

// Removes a response, or the beginning of one, from the stream's front; anything else fails.
[[nodiscard]] Response take_response(std::string_view& stream, bool is_to_head);

// Demands that a complete response answers exactly this request, with the pack's bytes.
void check_answer(const Response& response, const Told& request);

// Demands that it is an error of this status.
void check_error(const Response& response);

}  // namespace mote::fuzz
