// What the loader has to know of a site pack; the kernel checks the rest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "http/pack/format.hpp"

namespace mote::uefi {

// The pack's length in bytes, by its header, which `start` may be. 0: it is none.
[[nodiscard]] inline std::uint64_t pack_bytes_by(std::span<const std::byte> start) {
  http::PackHeader header;
  if (start.size() < sizeof(header)) {
    return 0;
  }
  __builtin_memcpy(&header, start.data(), sizeof(header));
  return __builtin_memcmp(header.magic, http::PackHeader::kMagic, sizeof(header.magic)) == 0
             ? header.total_bytes
             : 0;
}

// Whether a pack of this length, which a header claims, may lie in `room` bytes.
[[nodiscard]] constexpr bool is_credible(std::uint64_t bytes, std::uint64_t room) {
  return bytes >= sizeof(http::PackHeader) && bytes % http::PackHeader::kAlignment == 0 &&
         bytes <= room;
}

}  // namespace mote::uefi
