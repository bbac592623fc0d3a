// The site that the boot loader left in memory.
#pragma once

#include <optional>

#include "http/pack/site_pack.hpp"
#include "kernel/boot_info.hpp"
#include "kernel/memory/memory_map.hpp"

namespace mote {

// Finds the site pack where `info` says it is, checks that it is sound, and makes its memory
// read-only. Nothing if that fails; the console then says why.
[[nodiscard]] std::optional<http::SitePack> find_site(const BootInfo& info, MemoryMap memory);

}  // namespace mote
