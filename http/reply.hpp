// From a request to the bytes of its response, without a copy and without formatting.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "http/message.hpp"
#include "http/request.hpp"
#include "http/site_pack.hpp"

namespace mote::http {

// What is to be sent: at most three pieces of memory that is never changed.
struct Reply {
  struct Piece {
    const char* data = nullptr;
    std::uint64_t bytes = 0;
  };

  std::array<Piece, 3> pieces{};  // the unused ones are empty
  std::uint16_t status = 0;
  bool closes = false;  // nothing may follow it on its connection
};

// The response to a whole header section that SectionScanner found. `scratch` is for decoding, and
// must be as long as the longest request line.
[[nodiscard]] Reply make_reply(std::string_view section, const SitePack& pack,
                               std::span<char> scratch);

// The response to what can't be read as a request; it ends the connection. `request` is what has
// come of it: no response to HEAD has content, errors no more than others (RFC 9110, 9.3.2).
[[nodiscard]] Reply make_error(Status status, std::string_view request);

}  // namespace mote::http
