// Replaces the sources of the metrics, and the access log.
#include <array>

#include "http/operations/access_log.hpp"
#include "kernel/time/clock.hpp"
#include "netstack/lwip/heap.hpp"
#include "netstack/stats.hpp"
#include "tests/fakes/demand.hpp"

namespace mote {

Nanoseconds clock::now() { return {90'061'042'000'000}; }

netstack::TcpCounters netstack::tcp_counters() { return {}; }
netstack::IcmpErrors netstack::icmp_errors() { return {}; }

std::optional<netstack::InterfaceReport> netstack::report_on(unsigned index) {
  static constexpr DeviceCounters kDevice{};
  static constexpr InterfaceCounters kStack{};
  return index > 0 ? std::nullopt
                   : std::optional(InterfaceReport{.model = "virtio-net",
                                                   .mac = {},
                                                   .link_up = true,
                                                   .device = &kDevice,
                                                   .stack = &kStack});
}

std::array<netstack::PoolUsage, netstack::kPools> netstack::pools() {
  std::array<PoolUsage, kPools> pools;
  pools.fill({.name = "pool", .elements = 1});
  return pools;
}

std::array<netstack::heap::Usage, netstack::heap::kSizes> netstack::heap::usage() { return {}; }

void http::log_access(const netstack::PeerAddress& /*peer*/, std::string_view line,
                      std::string_view /*fields*/, std::uint16_t /*status*/,
                      std::uint64_t /*body_bytes*/) {
  fuzz::demand(line.find_first_of("\r\n") == line.npos, "a line of the log has an end in it");
}

std::uint64_t http::access_lines_lost() { return 0; }

}  // namespace mote
