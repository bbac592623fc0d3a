// Choosing a content coding (RFC 9110, section 12.5.3).
#pragma once

#include <span>

#include "http/pack/format.hpp"
#include "http/request/request.hpp"

namespace mote::http {

// The representation that a request's Accept-Encoding prefers: that of the highest weight, and of
// several the smallest. Codings that aren't listed aren't chosen; identity, unless it is listed or
// `*` is, when nothing else is acceptable. A list member that is malformed is passed over. Whoever
// accepts nothing that is there, identity neither, gets identity: the RFC has a server disregard
// the field or answer 406, and clients are better served by the former, which is what nginx does.
//
// `available` isn't empty; identity is its first, the others follow with the smallest first.
[[nodiscard]] const Representation& choose_representation(std::span<const Representation> available,
                                                          const Request& request);

// Whether a request takes identity, which it does unless it says that it doesn't (12.5.3).
[[nodiscard]] bool accepts_identity(const Request& request);

}  // namespace mote::http
