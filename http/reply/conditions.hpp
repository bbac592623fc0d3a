// Conditional requests (RFC 9110, section 13).
#pragma once

#include <cstdint>
#include <string_view>

namespace mote::http {

enum class Condition : std::uint8_t {
  kHolds,        // answer as if it weren't there
  kNotModified,  // 304
  kFailed,       // 412
};

// Evaluates the preconditions among a GET's or HEAD's field lines, in the order of precedence of
// RFC 9110, 13.2.2, against a resource's strong entity tag and its date in seconds since 1970.
[[nodiscard]] Condition evaluate_conditions(std::string_view fields, std::string_view entity_tag,
                                            std::uint64_t last_modified);

// Whether If-Range, or If-Match strongly, names this entity tag: its representation is being
// resumed.
[[nodiscard]] bool resumes(std::string_view fields, std::string_view entity_tag);

}  // namespace mote::http
