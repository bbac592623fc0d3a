// The resources that no site holds: health and metrics.
#pragma once

#include <optional>
#include <string_view>

#include "http/reply/reply.hpp"

namespace mote::http {

// The response for a path that is an endpoint's, decoded and resolved; nothing for any other, or
// one that isn't for this origin. Never to be cached.
[[nodiscard]] std::optional<Reply> endpoint_reply(const Request& request, const Origin& origin,
                                                  std::string_view path);

}  // namespace mote::http
