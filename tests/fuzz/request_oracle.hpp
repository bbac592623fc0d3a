// What RFC 9112, as strictly as this server takes it, says about a stream of requests: written
// apart from the server, line by line on the whole stream, with nothing of its code but the limits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mote::fuzz {

// What a stream begins with, past empty lines.
struct Told {
  enum class Kind : std::uint8_t { kNothing, kIncomplete, kBad, kRequest };

  Kind kind = Kind::kNothing;
  std::size_t before = 0;  // bytes of empty lines
  std::size_t bytes = 0;   // of the header section, without those; of a kRequest
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

// What follows on a request's header section.
struct Content {
  enum class Kind : std::uint8_t {
    kWhole,
    kIncomplete,  // more is to come, for certain
    kOpen,        // the stream ends within a line that may be broken already
    kBad,         // against the grammar, or more than is read
    kUnclear,     // so near to a limit that this oracle doesn't say
  };

  Kind kind = Kind::kWhole;
  std::size_t bytes = 0;  // if it is whole
};

[[nodiscard]] Content content_of(std::string_view stream, const Told& request);

// The path of a resource: decoded, without dot segments. Nothing: a broken escape or NUL. Empty: an
// encoded slash is in it.
[[nodiscard]] std::optional<std::string> resolved(std::string_view path);

[[nodiscard]] std::string lower(std::string_view text);

// The members of a comma-separated list that aren't empty, without white space around them.
[[nodiscard]] std::vector<std::string> members(std::string_view list);

}  // namespace mote::fuzz
