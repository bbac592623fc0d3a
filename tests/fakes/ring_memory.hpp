// Memory for the rings of a driver under test.
#pragma once

namespace mote::fakes {

// Whether dma::allocate has any left.
inline bool ring_memory_left = true;

// Frees what dma::allocate has given, if all drivers that took it are gone.
void free_ring_memory();

}  // namespace mote::fakes
