// The pack that the fuzzers serve, made at build time from tests/fuzz/data/site.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "http/pack/site_pack.hpp"

namespace mote::fuzz {

// The pack as built.
[[nodiscard]] std::span<const std::byte> built_pack();

// A read-only copy, opened, between inaccessible pages.
[[nodiscard]] const http::SitePack& guarded_pack();

// Whether the memory lies in that copy.
[[nodiscard]] bool is_in_pack(std::string_view memory);

}  // namespace mote::fuzz
