// lwIP's platform: time, random numbers, checksums, assertions, and most of the hooks.
#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "drivers/limits.hpp"
#include "kernel/faults/panic.hpp"
#include "kernel/limits.hpp"
#include "kernel/memory/arena.hpp"
#include "kernel/platform/entropy.hpp"
#include "kernel/time/clock.hpp"
#include "lwip/init.h"
#include "lwip/memp.h"
#include "lwip/netif.h"
#include "lwip/opt.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/stats.h"
#include "lwip/sys.h"
#include "lwip/timeouts.h"
#include "mote_hooks.h"
#include "netstack/interface/attachment.hpp"
#include "netstack/limits.hpp"
#include "netstack/lwip/heap.hpp"
#include "netstack/lwip/pools.hpp"
#include "netstack/plan.hpp"
#include "netstack/sender/block.hpp"
#include "netstack/sender/sender.hpp"
#include "netstack/stack.hpp"
#include "netstack/stream.hpp"
#include "netstack/wire/checksum.hpp"

namespace mote::netstack {

static_assert(PBUF_LINK_ENCAPSULATION_HLEN == limits::kHeadroom);
static_assert(TCP_MSS + 40 == limits::kMtu);
static_assert(limits::kTxPayloadBytes + 40 <= 0xFFFF);
static_assert(PBUF_POOL_BUFSIZE >= limits::kMtu + sizeof(EthernetHeader));
static_assert(TCP_SLOW_INTERVAL == kPollTickMs);
static_assert(IP_REASS_MAX_PBUFS >= 48 && PBUF_POOL_SIZE > IP_REASS_MAX_PBUFS);

namespace {

constinit std::size_t half_open = 0;

// TCP's table of connections, with at least one bucket per PCB (patches/connections).
[[gnu::section(".bss.sealed")]] constinit std::span<struct tcp_pcb*> buckets;

}  // namespace

bool set_up(Arena& arena, const Plan& plan) {
  // At most half of the PCBs beyond the server's connections, so that a flood of SYNs displaces no
  // connection that is still closing.
  half_open = std::min<std::size_t>((plan.pcbs - plan.connections) / 2, limits::kHalfOpen);
  const std::size_t bucket_count = std::bit_ceil(plan.pcbs);
  buckets = arena.take<struct tcp_pcb*>(bucket_count);
  return buckets.size() == bucket_count && lwip_pools::set_up(arena, plan) &&
         heap::set_up(arena, plan) && blocks::set_up(arena, plan) &&
         Recovery::set_up(arena, plan.ranges) && Sender::set_up(arena, plan);
}

void initialize() {
  std::ranges::fill(buckets, nullptr);
  const std::array<std::uint64_t, 3> secrets = {entropy::random64(), entropy::random64(),
                                                entropy::random64()};
  tcp_table_init(buckets.data(), static_cast<u8_t>(std::countr_zero(buckets.size())),
                 secrets.data());
  lwip_init();
}

void run_timers() { sys_check_timeouts(); }

void run_departures(Nanoseconds now) { Sender::run_timers(now); }

// lwIP counts whole milliseconds. Without timers it returns a long time, but not forever.
Nanoseconds next_timer() {
  constexpr std::uint64_t kMillisecond = milliseconds(1).value;
  const std::uint64_t now = clock::now().value / kMillisecond;
  return std::min(milliseconds(now + sys_timeouts_sleeptime()), Sender::next_timer());
}

}  // namespace mote::netstack

using namespace mote;

extern "C" {

u32_t sys_now() { return static_cast<u32_t>(clock::now().value / 1'000'000); }

void mote_lwip_assertion(const char* what) { panic(what); }

unsigned int mote_lwip_random() { return entropy::random32(); }

unsigned short mote_lwip_sum(const void* data, int bytes) {
  return netstack::ones_sum({static_cast<const std::byte*>(data), static_cast<std::size_t>(bytes)});
}

// RFC 6528, 3: a clock of 4 microseconds, and a keyed hash of the connection's four-tuple.
u32_t mote_tcp_isn(const ip_addr_t* local_ip, u16_t local_port, const ip_addr_t* remote_ip,
                   u16_t remote_port) {
  // Each in a word of its own: SipHash takes two at once.
  const std::array<std::uint32_t, 4> tuple = {ip4_addr_get_u32(ip_2_ip4(local_ip)),
                                              ip4_addr_get_u32(ip_2_ip4(remote_ip)), local_port,
                                              remote_port};
  const std::uint64_t clock_4us = clock::now().value / 4'000;
  return static_cast<u32_t>(clock_4us + entropy::keyed_hash(std::as_bytes(std::span(tuple))));
}

// Takes four identifications from each random number, because the generator isn't cheap.
u16_t mote_ip_id() {
  static constinit std::uint64_t random = 0;
  static constinit unsigned left = 0;
  if (left == 0) {
    random = entropy::random64();
    left = 4;
  }
  --left;
  const auto identification = static_cast<u16_t>(random);
  random >>= 16;
  return identification;
}

u16_t mote_tcp_half_open() { return static_cast<u16_t>(netstack::half_open); }

struct netif* mote_route_by_source(const ip4_addr_t* source) {
  return netstack::interface_with_address(ip4_addr_get_u32(source));
}

struct netif* mote_route_by_destination(const ip4_addr_t* destination) {
  return netstack::interface_with_route(ip4_addr_get_u32(destination));
}

}  // extern "C"
