// Replaces what the metrics are read from.
#include "tests/unit/http/operations/metrics_world.hpp"

#include <cstddef>
#include <string_view>

#include "http/operations/access_log.hpp"
#include "kernel/faults/last_run.hpp"
#include "kernel/platform/entropy.hpp"
#include "kernel/time/clock.hpp"
#include "kernel/time/wall_clock.hpp"
#include "netstack/lwip/heap.hpp"
#include "netstack/stream.hpp"

namespace mote {

Nanoseconds clock::now() { return {world.now_ns}; }
std::optional<std::uint64_t> wall_clock::now() { return world.wall_seconds; }
std::string_view last_run::how() { return "watchdog"; }
const std::array<std::uint32_t, kRunEnds>& last_run::ends() { return world.ends; }
std::string_view last_run::name(RunEnd end) {
  return std::array<std::string_view, kRunEnds>{"a", "b", "c", "d", "panic", "watchdog"}.at(
      static_cast<std::size_t>(end));
}
std::uint64_t entropy::random64() { return 4; }
const http::Options& http::options() { return world.options; }
const http::Counters& http::counters() { return world.counters; }
std::size_t http::most_connections() { return 1024; }
std::uint64_t http::access_lines_lost() { return 5; }
std::size_t netstack::text_blocks_left() { return world.text_room ? 1000 : 0; }

netstack::TcpCounters netstack::tcp_counters() { return world.tcp; }
netstack::IcmpErrors netstack::icmp_errors() { return world.icmp; }

std::optional<netstack::InterfaceReport> netstack::report_on(unsigned index) {
  if (index >= world.interfaces) {
    return std::nullopt;
  }
  return InterfaceReport{.model = "virtio-net",
                         .mac = {{0x52, 0x54, 0, 0x12, 0xAB, 0x0F}},
                         .link_up = true,
                         .device = &world.device,
                         .stack = &world.stack,
                         .has_way_out = true,
                         .dhcp = world.dhcp};
}

std::array<netstack::PoolUsage, netstack::kPools> netstack::pools() {
  std::array<PoolUsage, kPools> pools;
  static constexpr std::array<std::string_view, kPools> kNames = {
      "tcp_pcbs",  "tcp_send_blocks", "tcp_flight_ranges", "tcp_segments",
      "pbufs",     "frame_copies",    "reassemblies",      "fragments",
      "arp_queue", "udp_pcbs",        "timeouts"};
  for (std::size_t i = 0; i < kPools; ++i) {
    pools[i] = {kNames[i], world.pool_number, world.pool_number, world.pool_number,
                world.pool_number};
  }
  return pools;
}

std::array<netstack::heap::Usage, netstack::heap::kSizes> netstack::heap::usage() {
  std::array<Usage, kSizes> sizes;
  sizes.fill({100, world.pool_number, world.pool_number, world.pool_number, world.pool_number});
  return sizes;
}

}  // namespace mote
