// lwIP's pools, in place of its memp.c: the interface of memp.h, but the pools for connections are
// as large as RAM allows.
#pragma once

#include "kernel/memory/arena.hpp"
#include "netstack/plan.hpp"

namespace mote::netstack::lwip_pools {

// Takes memory for the pools that the plan sizes. Call once, before lwip_init() makes all pools.
// False: the arena has too little.
[[nodiscard]] bool set_up(Arena& arena, const Plan& plan);

}  // namespace mote::netstack::lwip_pools
