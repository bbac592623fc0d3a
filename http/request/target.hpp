// Turns a request target's path into a resource's path.
#pragma once

#include <expected>
#include <span>
#include <string_view>

#include "http/request/request.hpp"

namespace mote::http {

// Decodes a path and resolves it (RFC 3986, 2.1, 5.2.4 and 6.2.2) into `scratch`, which must be at
// least as long as the path. Dots are decoded before dot segments are removed, so %2e%2e climbs
// like "..", and nothing climbs above the root. Consecutive slashes count as one. An encoded slash
// (%2F) is part of a name, and no file's name holds one, so the result is then empty, which no
// resource has as its path. A broken escape or an encoded NUL is a bad request.
[[nodiscard]] std::expected<std::string_view, Status> resolve_path(std::string_view path,
                                                                   std::span<char> scratch);

}  // namespace mote::http
