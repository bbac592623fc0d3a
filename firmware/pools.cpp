// Finds a plan that fits, and hands out the memory.
#include "firmware/pools.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "firmware/plan.hpp"
#include "http/connection/server.hpp"
#include "http/limits.hpp"
#include "kernel/console/console.hpp"
#include "kernel/cpu/cpu.hpp"
#include "kernel/memory/arena.hpp"
#include "kernel/memory/dma.hpp"
#include "kernel/memory/image.hpp"
#include "kernel/memory/packet.hpp"
#include "kernel/memory/page_table.hpp"
#include "kernel/memory/paging.hpp"
#include "netstack/stack.hpp"

namespace mote {
namespace {

// Where RAM is assumed to end if the loader gives no memory map.
constexpr std::uint64_t kAssumedEnd = 8 << 20;

// All that nobody else uses. `boot_text`: the part of the image that is free.
Arena free_memory(MemoryMap memory, const http::SitePack* site, AddressRange withheld,
                  AddressRange boot_text) {
  const auto blob = site != nullptr ? site->memory() : std::span<const std::byte>();
  const std::uint64_t pack = physical(blob.data()).value;
  const AddressRange image = image_range();
  const std::array taken = {AddressRange{image.begin, boot_text.begin},
                            AddressRange{boot_text.end, image.end},
                            AddressRange{pack, pack + blob.size()}, withheld};
  if (memory.known()) {
    return Arena(memory, taken);
  }
  const std::uint64_t start = image_range().begin;
  const MemoryRange assumed{start, kAssumedEnd - start, MemoryRange::kUsableRam, 0};
  return Arena(MemoryMap({&assumed, 1}), taken);
}

// The next number to try if there is no room for this many connections.
constexpr std::size_t fewer(std::size_t connections) {
  return connections - std::max(connections / 16, std::size_t{1});
}

bool fits(Arena& arena, const Plan& plan) {
  return Packet::set_up(arena, plan.packets) && dma::set_up(arena, plan.dma_bytes) &&
         netstack::set_up(arena, plan.netstack) && http::set_up(arena, plan.http);
}

// Provides page tables for guard pages in memory mapped by large pages so far.
void provide_tables(Arena& arena) {
  const std::size_t count =
      arena.guarded_parts(paging::kLargePageBytes, paging::kLargePageBytes) + 1;
  paging::give_tables(arena.take<paging::Table>(count));
}

void unmap_guards(const Arena& carved) {
  for (const std::uint64_t page : carved.guards()) {
    if (!paging::leave_out({page})) {
      console::line("memory: pools lie side by side, out of page tables");
      return;
    }
  }
}

}  // namespace

AddressRange lend_dma_memory(MemoryMap memory, const http::SitePack* site, std::size_t bytes) {
  const std::uint64_t end = image_range().end;
  Arena arena = free_memory(memory, site, {}, {end, end});
  return dma::set_up(arena, bytes) ? dma::range() : AddressRange{};
}

void carve_pools(MemoryMap memory, const http::SitePack* site, AddressRange withheld,
                 std::size_t connections) {
  if (!memory.known()) {
    console::line("memory: the loader gave no map, ", kAssumedEnd >> 20, " MiB are assumed");
  }
  const std::uint64_t end = image_range().end;
  const AddressRange boot_text =
      paging::take_boot_text() ? boot_text_range() : AddressRange{end, end};
  Arena arena = free_memory(memory, site, withheld, boot_text);
  const std::uint64_t bytes = arena.bytes_left();
  provide_tables(arena);
  arena.guard_pieces();
  Plan plan = connections == 0 ? plan_for(bytes) : plan_for(bytes, connections);
  Arena carved = arena;
  while (!fits(carved, plan)) {
    carved = arena;
    if (plan.http.connections == limits::kLeastConnections) {
      console::line("memory: ", bytes >> 10, " KiB of RAM are free, too little to start with");
      cpu::halt();
    }
    plan = plan_for(bytes, fewer(plan.http.connections));
  }
  unmap_guards(carved);
  if (plan.http.connections < connections) {
    console::line("http: RAM holds ", plan.http.connections, " connections, not ", connections);
  }
}

}  // namespace mote
