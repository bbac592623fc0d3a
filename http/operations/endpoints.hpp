// Resources made at run time: health and metrics.
#pragma once

#include <optional>
#include <string_view>

#include "http/reply/reply.hpp"

namespace mote::http {

// The response if `path`, decoded and resolved, is an endpoint that this origin may request;
// otherwise nothing. Never cache it.
[[nodiscard]] std::optional<Reply> endpoint_reply(const Request& request, const Origin& origin,
                                                  std::string_view path);

}  // namespace mote::http
