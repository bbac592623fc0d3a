// The blocks of a segment's SACK option (RFC 2018, 3).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "netstack/sender/sequence.hpp"

namespace mote::netstack {

// As many as fit into TCP's options.
inline constexpr std::size_t kSackBlocks = 4;

// Finds them among the options of a segment, and writes them to `blocks`, of which it returns those
// in use. Options that can't be read end the search: what came before counts.
[[nodiscard]] std::span<const SequenceRange> sack_blocks(
    std::span<const std::uint8_t> options, std::span<SequenceRange, kSackBlocks> blocks);

}  // namespace mote::netstack
