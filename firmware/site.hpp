// The site that the boot loader left in memory.
#pragma once

#include <optional>

#include "http/site_pack.hpp"
#include "kernel/boot_info.hpp"

namespace mote {

// Finds the site pack where `info` says it lies, proves it sound and makes its memory read-only.
// Nothing when that fails; the console then says why. That the pack lies in RAM as a whole has
// been seen to by boot/, which goes no further where it does not.
[[nodiscard]] std::optional<http::SitePack> find_site(const BootInfo& info);

}  // namespace mote
