// The machine's sources of random bytes.
#pragma once

namespace mote {

// Stirs what they give into kernel/platform/entropy.hpp. The buses have been scanned; the rings
// come from kernel/memory/dma.hpp and are given back. A source that doesn't work is named on the
// console. False: one couldn't be stopped, so that memory must never be used again.
[[nodiscard]] bool stir_entropy();

}  // namespace mote
