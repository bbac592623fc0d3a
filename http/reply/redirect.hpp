// Writes the target of a redirect by prefix.
#pragma once

#include <string_view>

#include "http/reply/text_writer.hpp"

namespace mote::http {

// Writes the part of Location behind a rule's target: `rest`, the decoded path behind the prefix,
// percent-encoded again, and the query as received, with bytes that no URI may contain encoded (RFC
// 3986, 3.3 and 3.4): no line end can get through. If the target ends in a slash, slashes and
// backslashes at the start of `rest` are dropped: "//host" would lead to another server (RFC 3986,
// 4.2).
void write_rest(TextWriter& text, std::string_view target, std::string_view rest,
                std::string_view query);

}  // namespace mote::http
