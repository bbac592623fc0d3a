// A server on the machine under test whose responses can be sent promptly: a request is a number,
// four bytes long, and the response depends on the number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "tests/unit/netstack/tcp_peer.hpp"

namespace mote::world {

inline constexpr std::uint16_t kPromptService = 88;
inline constexpr std::size_t kPromptRequestBytes = 4;
// The server closes behind the response to a request whose number has this bit.
inline constexpr std::uint32_t kLastRequest = 1 << 16;

// The machine with the server; responses are sent promptly, or else all the usual way.
Machine& serve(bool promptly);

// The number of responses sent promptly so far.
std::size_t prompt_answers();

Bytes prompt_request(std::uint32_t number);
std::string prompt_response(std::uint32_t number);

}  // namespace mote::world
