// Where a redirect by prefix leads.
#pragma once

#include <string_view>

#include "http/text_writer.hpp"

namespace mote::http {

// Writes a Location: a rule's target, and behind it what followed on the prefix: `rest`, a decoded
// path's end, which is encoded anew, and the query as it came. No byte that isn't a URI's gets into
// it (RFC 3986, 3.3 and 3.4), a line end least of all. Slashes and backslashes behind a target that
// ends in a slash are left out, because "//host" would lead to another server (RFC 3986, 4.2).
void write_location(TextWriter& text, std::string_view target, std::string_view rest,
                    std::string_view query);

}  // namespace mote::http
