// lwIP's pools (lwip/memp.h). This replaces lwIP's memp.c, which fixes the number of connections at
// compile time and links every element into a list at boot; sources.txt leaves it out.
#include "netstack/lwip/pools.hpp"

#include <array>
#include <cstddef>
#include <span>

#include "kernel/cpu/injection.hpp"
#include "lwip/memp.h"
#include "lwip/stats.h"
#include "netstack/lwip/free_blocks.hpp"
#include "netstack/lwip/port/mote_pools.h"

namespace mote::netstack::lwip_pools {
namespace {

struct Pool {
  FreeBlocks blocks;
  struct stats_mem stats = {};
};
constinit std::array<Pool, MEMP_MAX> all;

// A pool whose size comes from the plan, with its memory.
struct Provision {
  memp_t pool;
  std::span<std::byte> memory;
};
constinit std::array<Provision, 3> provisions{
    {{MEMP_TCP_PCB, {}}, {MEMP_TCP_SEG, {}}, {MEMP_PBUF, {}}}};

constexpr bool is_provided(std::size_t pool) {
  return pool == MEMP_TCP_PCB || pool == MEMP_TCP_SEG || pool == MEMP_PBUF;
}

// The memory of all other pools, in bytes.
constexpr std::size_t own_bytes() {
  std::size_t sum = 0;
  for (std::size_t pool = 0; pool < MEMP_MAX; ++pool) {
    sum += is_provided(pool) ? 0 : mote_pool_shapes[pool].elements * mote_pool_shapes[pool].bytes;
  }
  return sum;
}
alignas(64) constinit std::array<std::byte, own_bytes()> own_memory = {};

void make(std::size_t pool, std::span<std::byte> memory) {
  const std::size_t bytes = mote_pool_shapes[pool].bytes;
  all[pool] = {.blocks = {memory, bytes}};
  all[pool].stats.avail = static_cast<mem_size_t>(memory.size() / bytes);
  lwip_stats.memp[pool] = &all[pool].stats;
}

}  // namespace

bool set_up(Arena& arena, const Plan& plan) {
  for (Provision& provision : provisions) {
    const std::size_t elements = provision.pool == MEMP_TCP_PCB ? plan.pcbs : plan.segments;
    provision.memory = arena.take<std::byte>(elements * mote_pool_shapes[provision.pool].bytes, 64);
    if (provision.memory.empty()) {
      return false;
    }
  }
  return true;
}

}  // namespace mote::netstack::lwip_pools

using namespace mote::netstack::lwip_pools;

extern "C" {

void memp_init() {
  std::span<std::byte> rest = own_memory;
  for (std::size_t pool = 0; pool < all.size(); ++pool) {
    if (is_provided(pool)) {
      continue;
    }
    const std::size_t bytes = mote_pool_shapes[pool].elements * mote_pool_shapes[pool].bytes;
    make(pool, rest.first(bytes));
    rest = rest.subspan(bytes);
  }
  for (const Provision& provision : provisions) {
    make(provision.pool, provision.memory);
  }
}

void* memp_malloc(memp_t type) {
  Pool& pool = all[type];
  if constexpr (mote::injection::kIsOn) {
    // There are as many timeouts as lwIP has timers, so that they can't run out.
    if (type != MEMP_SYS_TIMEOUT && mote::injection::strikes()) {
      return nullptr;
    }
  }
  void* element = pool.blocks.take();
  if (element == nullptr) {
    ++pool.stats.err;
    return nullptr;
  }
  ++pool.stats.used;
  if (pool.stats.used > pool.stats.max) {
    pool.stats.max = pool.stats.used;
  }
  return element;
}

void memp_free(memp_t type, void* element) {
  if (element == nullptr) {
    return;
  }
  --all[type].stats.used;
  all[type].blocks.give_back(element);
}

}  // extern "C"
