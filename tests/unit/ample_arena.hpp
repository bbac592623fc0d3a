// Memory for the pools of a test program, as large as they are where RAM is ample.
#pragma once

#include <cstddef>
#include <vector>

#include "firmware/plan.hpp"
#include "http/limits.hpp"
#include "kernel/cpu/addresses.hpp"
#include "kernel/memory/arena.hpp"
#include "kernel/memory/ram_share.hpp"

namespace mote {

inline constexpr Plan kAmplePlan = plan_for(RamShare::kAmpleBytes);
static_assert(kAmplePlan.http.connections == limits::kConnections);

// Never given back, as on the machine; and, as there, full of what was in it before.
inline Arena& ample_arena() {
  static auto& memory = *new std::vector<std::byte>(RamShare::kAmpleBytes, std::byte{0xA5});
  static const std::uint64_t start = physical(memory.data()).value;
  static constinit Arena arena;
  static const bool is_made = (arena = Arena(AddressRange{start, start + memory.size()}), true);
  (void)is_made;
  return arena;
}

}  // namespace mote
