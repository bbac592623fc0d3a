// Ordering of memory accesses that a device can see.
//
// x86 keeps loads in order with loads, and stores with stores (Intel SDM 3A, 9.2.2), so there only
// the compiler must be restrained. But a store may be overtaken by a later load: where a store must
// be visible before something is read back, as in "publish the index, then read whether the device
// wants a doorbell", only a full fence will do.
#pragma once

namespace mote {

// Keeps the compiler from moving memory accesses across it. Costs no instruction.
inline void compiler_barrier() { asm volatile("" : : : "memory"); }

// Orders loads before later loads, and stores before later stores.
inline void read_barrier() { compiler_barrier(); }
inline void write_barrier() { compiler_barrier(); }

// Orders every access before it before every access after it, stores before later loads too.
inline void full_fence() { asm volatile("mfence" : : : "memory"); }

}  // namespace mote
