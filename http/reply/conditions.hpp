// Conditional requests (RFC 9110, section 13).
#pragma once

#include <cstdint>
#include <string_view>

namespace mote::http {

enum class Condition : std::uint8_t {
  kHolds,        // answer as if there were none
  kNotModified,  // 304
  kFailed,       // 412
};

// Evaluates the preconditions in a GET's or HEAD's field lines, with the precedence of RFC 9110,
// 13.2.2, against a resource's strong entity tag and its modification date in seconds since 1970
// (0: unknown).
[[nodiscard]] Condition evaluate_conditions(std::string_view fields, std::string_view entity_tag,
                                            std::uint64_t last_modified);

// Whether the client is resuming this representation: If-Range, or If-Match by strong comparison,
// names its entity tag.
[[nodiscard]] bool resumes(std::string_view fields, std::string_view entity_tag);

}  // namespace mote::http
