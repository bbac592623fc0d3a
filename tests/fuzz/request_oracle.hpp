// RFC 9112's reading, as strict as this server's, of a stream of requests. Written apart from the
// server: line by line on the whole stream, sharing only the limits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mote::fuzz {

// The beginning of a stream, after empty lines.
struct Told {
  enum class Kind : std::uint8_t { kNothing, kIncomplete, kBad, kRequest };

  Kind kind = Kind::kNothing;
  std::size_t before = 0;  // bytes of empty lines
  std::size_t bytes = 0;   // of the header section, without the empty lines; for kRequest
  std::string_view line;
  std::string_view method;
  std::string_view target;
  std::vector<std::pair<std::string, std::string_view>> fields;  // names in lower case
  std::string_view host;
  std::string_view path;  // empty: the asterisk form, or CONNECT
  std::string_view query;
  bool is_1_0 = false;
  bool closes = false;
  bool keeps_alive = false;
  bool is_chunked = false;
  bool expects_continue = false;
  std::uint64_t length = 0;
};

[[nodiscard]] Told tell(std::string_view stream);

// The content that follows a request's header section.
struct Content {
  enum class Kind : std::uint8_t {
    kWhole,
    kIncomplete,  // more must come
    kOpen,        // the stream ends within a line that may already be malformed
    kBad,         // malformed, or longer than the server reads
    kUnclear,     // too near a limit for this oracle to decide
  };

  Kind kind = Kind::kWhole;
  std::size_t bytes = 0;  // if complete
};

[[nodiscard]] Content content_of(std::string_view stream, const Told& request);

// A resource's path, decoded, without dot segments. nullopt: a broken escape or NUL. Empty: it
// contains an encoded slash.
[[nodiscard]] std::optional<std::string> resolved(std::string_view path);

[[nodiscard]] std::string lower(std::string_view text);

// The nonempty members of a comma-separated list, without surrounding white space.
[[nodiscard]] std::vector<std::string> members(std::string_view list);

}  // namespace mote::fuzz
