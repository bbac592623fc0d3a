// The guest agent's limits.
#pragma once

#include <cstddef>

namespace mote::limits {

// Bytes of one command. Those of libvirt and Proxmox that are supported take less than 200.
inline constexpr std::size_t kAgentMessageBytes = 2048;

// Values, lists and maps in one command.
inline constexpr std::size_t kAgentMessageNodes = 16;

// The most bytes of a piece; answers are composed and sent in pieces. The longest describes an
// interface.
inline constexpr std::size_t kAgentPieceBytes = 640;

// Characters of a command's `id` that are given back, with its quotes and escapes. A longer one is
// left out.
inline constexpr std::size_t kAgentIdBytes = 64;

// Characters of an unknown name that an error repeats.
inline constexpr std::size_t kAgentNameBytes = 48;

}  // namespace mote::limits
