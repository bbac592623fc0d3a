// CRC-32 as in zlib (ISO 3309, ITU-T V.42), eight bytes a step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mote::http {

// Extends a checksum over `bytes`. `before` is that of the bytes in front of them; 0: there are
// none.
[[nodiscard]] std::uint32_t crc32(std::uint32_t before, std::span<const std::byte> bytes);

}  // namespace mote::http
