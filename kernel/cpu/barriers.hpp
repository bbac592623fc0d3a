// Ordering of memory accesses that a device can see.
//
// x86 keeps loads in order among loads and stores among stores (Intel SDM 3A, 9.2.2), so that
// between those only the compiler must be held. A store may pass a later load: where a store must
// be visible before something is read back, as in "publish the index, then read whether the
// device wants a doorbell", only a full fence will do.
#pragma once

namespace mote {

// The compiler moves no memory access across this. Costs no instruction.
inline void compiler_barrier() { asm volatile("" : : : "memory"); }

// Orders loads before later loads, and stores before later stores.
inline void read_barrier() { compiler_barrier(); }
inline void write_barrier() { compiler_barrier(); }

// Orders everything before it against everything behind it, stores against later loads too.
inline void full_fence() { asm volatile("mfence" : : : "memory"); }

}  // namespace mote
