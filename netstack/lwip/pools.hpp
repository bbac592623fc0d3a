// lwIP's pools, in place of its memp.c. They do what memp.h says, and more: those of connections
// are as large as RAM allows.
#pragma once

#include "kernel/memory/arena.hpp"
#include "netstack/plan.hpp"

namespace mote::netstack::lwip_pools {

// Takes the memory of the pools that the plan sizes, once, before lwip_init() makes all pools.
// False: the arena has no room for it.
[[nodiscard]] bool set_up(Arena& arena, const Plan& plan);

}  // namespace mote::netstack::lwip_pools
