// Where a redirect by prefix leads.
#pragma once

#include <string_view>

#include "http/reply/text_writer.hpp"

namespace mote::http {

// Writes what a Location has behind a rule's target: `rest`, which followed on the prefix in a
// decoded path and is encoded anew, and the query as it came. No byte that isn't a URI's gets into
// it (RFC 3986, 3.3 and 3.4), a line end least of all. Where the target ends in a slash, slashes
// and backslashes are left out: "//host" would lead to another server (RFC 3986, 4.2).
void write_rest(TextWriter& text, std::string_view target, std::string_view rest,
                std::string_view query);

}  // namespace mote::http
