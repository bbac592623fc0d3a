// CRC-32 as zlib has it (ISO 3309, ITU-T V.42), eight bytes a step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mote::http {

// The checksum of what came before (0 at the beginning) and of `bytes` behind it.
[[nodiscard]] std::uint32_t crc32(std::uint32_t before, std::span<const std::byte> bytes);

}  // namespace mote::http
