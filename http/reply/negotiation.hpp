// Choosing a content coding (RFC 9110, section 12.5.3).
#pragma once

#include <span>

#include "http/pack/format.hpp"
#include "http/request/request.hpp"

namespace mote::http {

// The representation that a request's Accept-Encoding prefers: the one with the highest weight, or
// the smallest of several. Codings that aren't listed aren't chosen. Identity, if neither it nor
// `*` is listed, is chosen only when nothing else is acceptable. Malformed list members are
// skipped. A client that accepts nothing available, not even identity, still gets identity: the RFC
// lets a server disregard the field or answer 406; the former serves clients better, and nginx does
// the same.
//
// `available` must not be empty: identity first, then the others, smallest first.
[[nodiscard]] const Representation& choose_representation(std::span<const Representation> available,
                                                          const Request& request);

// Whether a request accepts identity. It does unless it says otherwise (12.5.3).
[[nodiscard]] bool accepts_identity(const Request& request);

}  // namespace mote::http
