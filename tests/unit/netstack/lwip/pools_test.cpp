// lwIP's pools: as many elements as there are to be, none handed out twice, all counted.
#include "netstack/lwip/pools.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <set>
#include <vector>

#include "lwip/memp.h"
#include "lwip/stats.h"
#include "netstack/lwip/free_blocks.hpp"
#include "netstack/lwip/heap.hpp"
#include "netstack/lwip/port/mote_pools.h"
#include "tests/unit/netstack/world.hpp"

using namespace mote;
using namespace mote::world;

namespace {

// All that is left of a pool.
std::vector<void*> drain(memp_t pool) {
  std::vector<void*> elements;
  while (void* element = memp_malloc(pool)) {
    elements.push_back(element);
  }
  return elements;
}

void give_back(memp_t pool, const std::vector<void*>& elements) {
  for (void* element : elements) {
    memp_free(pool, element);
  }
}

}  // namespace

TEST_CASE("every pool gives as many elements as it says, apart from each other") {
  machine();
  for (int i = 0; i < MEMP_MAX; ++i) {
    const auto pool = static_cast<memp_t>(i);
    const struct stats_mem& stats = *lwip_stats.memp[pool];
    const std::size_t left = stats.avail - stats.used;
    std::vector<void*> elements = drain(pool);
    CHECK(elements.size() == left);
    CHECK(stats.used == stats.avail);
    CHECK(stats.max == stats.avail);
    CHECK(stats.err >= 1);
    for (void* element : elements) {
      std::memset(element, i, mote_pool_shapes[i].bytes);
    }
    std::ranges::sort(elements);
    for (std::size_t k = 1; k < elements.size(); ++k) {
      const auto* const before = static_cast<const std::byte*>(elements[k - 1]);
      REQUIRE(before + mote_pool_shapes[i].bytes <= elements[k]);
    }
    give_back(pool, elements);
    CHECK(stats.avail - stats.used == left);
  }
}

TEST_CASE("the pools of connections are as large as the plan says, the others as lwIP's options") {
  machine();
  CHECK(lwip_stats.memp[MEMP_TCP_PCB]->avail > 1000);
  CHECK(lwip_stats.memp[MEMP_TCP_SEG]->avail == lwip_stats.memp[MEMP_PBUF]->avail);
  // A SYN for each.
  CHECK(lwip_stats.memp[MEMP_TCP_SEG]->avail >= lwip_stats.memp[MEMP_TCP_PCB]->avail);
  CHECK(lwip_stats.memp[MEMP_ARP_QUEUE]->avail == MEMP_NUM_ARP_QUEUE);
  CHECK(lwip_stats.memp[MEMP_FRAG_PBUF]->avail == MEMP_NUM_FRAG_PBUF);
}

TEST_CASE("an element given back is the next to be taken, and nothing is given back for null") {
  machine();
  const std::size_t used = lwip_stats.memp[MEMP_FRAG_PBUF]->used;
  void* const first = memp_malloc(MEMP_FRAG_PBUF);
  memp_free(MEMP_FRAG_PBUF, first);
  CHECK(memp_malloc(MEMP_FRAG_PBUF) == first);
  memp_free(MEMP_FRAG_PBUF, first);
  memp_free(MEMP_FRAG_PBUF, nullptr);
  CHECK(lwip_stats.memp[MEMP_FRAG_PBUF]->used == used);
}

TEST_CASE(
    "the heap gives no block for more than its largest, and clears those that are to be clear") {
  machine();
  CHECK(netstack::heap::allocate(std::size_t{1} << 20) == nullptr);
  constexpr std::size_t kBytes = 3 * 100;
  auto* const used = static_cast<std::uint8_t*>(netstack::heap::allocate(kBytes));
  REQUIRE(used != nullptr);
  std::fill_n(used, kBytes, std::uint8_t{0xA5});
  netstack::heap::free(used);
  auto* const cleared = static_cast<std::uint8_t*>(mote_lwip_allocate_zeroed(3, 100));
  CHECK(cleared == used);
  CHECK(std::all_of(cleared, cleared + kBytes, [](std::uint8_t byte) { return byte == 0; }));
  netstack::heap::free(cleared);
  CHECK(mote_lwip_allocate_zeroed(1024, 1024) == nullptr);
}

TEST_CASE("blocks come from the unused end only if none was given back") {
  alignas(16) std::array<std::byte, 5 * 16 + 8> memory{};
  netstack::FreeBlocks blocks(memory, 16);
  std::set<void*> taken;
  for (int i = 0; i < 5; ++i) {
    taken.insert(blocks.take());
  }
  CHECK(taken.size() == 5);
  CHECK(*taken.begin() == memory.data());
  CHECK(blocks.take() == nullptr);  // what is left is no whole block
  CHECK(blocks.most_used() == 5);
  blocks.give_back(&memory[32]);
  CHECK(blocks.take() == &memory[32]);
  CHECK(blocks.owns(&memory[5 * 16 - 1]));
  CHECK_FALSE(blocks.owns(&memory[5 * 16]));
  CHECK(blocks.offset_of(&memory[40]) == 40);
}
