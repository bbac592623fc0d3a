// All pools are carved from the machine's free RAM once, at boot; nothing is allocated after that.
#pragma once

#include <cstddef>

#include "http/pack/site_pack.hpp"
#include "kernel/cpu/addresses.hpp"
#include "kernel/memory/memory_map.hpp"

namespace mote {

// Lends kernel/memory/dma.hpp `bytes` of the free RAM until the pools are carved from it. Returns
// the range, which is empty if there is none so large.
[[nodiscard]] AddressRange lend_dma_memory(MemoryMap memory, const http::SitePack* site,
                                           std::size_t bytes);

// Gives every part of the appliance its memory, that of code needed only at boot included, for
// `connections` connections, or, if that is 0, for as many as firmware/plan.hpp says. If RAM
// doesn't hold that many, there are fewer, and the console says so. A machine too small for the
// least says so and halts. `site` stays in place, and nobody uses the `withheld` range.
void carve_pools(MemoryMap memory, const http::SitePack* site, AddressRange withheld,
                 std::size_t connections);

}  // namespace mote
