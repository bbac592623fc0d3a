// Which neighbours lwIP's ARP table keeps when it is full (lwip/patches/neighbours).
//
// Those that are asked for and those that are known have a share of the table each, so that
// neighbours that aren't there displace none that is. Of those asked for the oldest gives way, and
// sooner one for which nothing waits; of the known ones that to which nothing has gone for longest,
// and sooner one to which nothing ever went: a stranger that only asked. A gateway stays.
#include <array>
#include <cstddef>
#include <cstdint>

#include "lwip/err.h"
#include "lwip/etharp.h"
#include "lwip/netif.h"
#include "lwip/sys.h"
#include "mote_hooks.h"
#include "netstack/interface/claims.hpp"

namespace mote::netstack {
namespace {

// When a frame last went to an entry's station.
struct Use {
  std::uint64_t turn = 0;  // of all uses; before the first one that of its making
  u32_t time = 0;          // lwIP's
  bool ever = false;
};
constinit std::array<Use, ARP_TABLE_SIZE> uses;
constinit std::uint64_t turns = 0;

bool is_gateway(const ip4_addr_t* address, const struct netif* netif) {
  return address != nullptr && netif != nullptr && ip4_addr_eq(address, netif_ip4_gw(netif));
}

// How dispensable an entry is, among those of its share.
std::uint64_t rank(const struct etharp_view& entry, const Use& use) {
  const bool first_to_go = entry.is_pending ? !entry.has_queue : !use.ever;
  return (first_to_go ? std::uint64_t{1} << 63 : 0) + (turns - use.turn);
}

bool in_use(const Use& use) {
  return use.ever && sys_now() - use.time < u32_t{MOTE_ARP_IN_USE} * 1000;
}

// Neighbours that we asked for, and a gateway, may displace neighbours that are in use.
bool may_displace(std::size_t entry, bool anyone) { return anyone || !in_use(uses[entry]); }

}  // namespace
}  // namespace mote::netstack

using namespace mote::netstack;

extern "C" {

s16_t mote_arp_make_room(const ip4_addr_t* address, const struct netif* netif, int reason) {
  const bool pending = reason == ETHARP_QUERY;
  const std::size_t share = pending ? MOTE_ARP_PENDING : ARP_TABLE_SIZE - MOTE_ARP_PENDING;
  std::size_t count = 0;
  std::size_t victim = ARP_TABLE_SIZE;
  std::uint64_t most = 0;
  for (std::size_t i = 0; i < ARP_TABLE_SIZE; ++i) {
    struct etharp_view entry;
    if (etharp_view(i, &entry) == 0 || (entry.is_pending != 0) != pending) {
      continue;
    }
    ++count;
    const std::uint64_t its_rank = rank(entry, uses[i]);
    if (its_rank >= most && !is_gateway(entry.ipaddr, entry.netif)) {
      victim = i;
      most = its_rank;
    }
  }
  if (count < share) {
    return ARP_TABLE_SIZE;
  }
  const bool anyone = reason != ETHARP_STRANGER || is_gateway(address, netif);
  const bool found = victim < ARP_TABLE_SIZE && may_displace(victim, anyone);
  return found ? static_cast<s16_t>(victim) : static_cast<s16_t>(ERR_MEM);
}

void mote_arp_made(size_t entry) {
  uses[entry] = {.turn = ++turns};
  forget_claims(entry);
}

void mote_arp_used(size_t entry) { uses[entry] = {++turns, sys_now(), true}; }

}  // extern "C"
