// lwIP's statistics as our counters.
#include "netstack/stats.hpp"

#include "lwip/memp.h"
#include "lwip/stats.h"
#include "netstack/ip/path_mtu.hpp"
#include "netstack/sender/block.hpp"
#include "netstack/sender/flight.hpp"
#include "netstack/sender/sender.hpp"

namespace mote::netstack {
namespace {

constinit std::uint64_t challenges = 0;
constinit std::uint64_t challenges_withheld = 0;

PoolUsage usage(std::string_view name, memp_t pool) {
  const struct stats_mem& stats = *lwip_stats.memp[pool];
  return {name, stats.avail, stats.used, stats.max, stats.err};
}

}  // namespace

// lwIP counts every segment it doesn't take as dropped, and gives a reason for some.
TcpCounters tcp_counters() {
  const struct stats_proto& tcp = lwip_stats.tcp;
  return {.resent = Sender::resent(),
          .challenges = challenges,
          .challenges_withheld = challenges_withheld,
          .dropped_checksum = tcp.chkerr,
          .dropped_length = tcp.lenerr,
          .dropped_stray = tcp.proterr,
          .dropped_otherwise = tcp.drop - tcp.chkerr - tcp.lenerr - tcp.proterr,
          .path_mtu_believed = path_mtu_counters().believed,
          .path_mtu_refused = path_mtu_counters().refused,
          .no_memory = tcp.memerr,
          .cookies = cookie_counters(),
          .resets = reset_counters()};
}

void note_challenge(bool sent) { ++(sent ? challenges : challenges_withheld); }

std::array<PoolUsage, kPools> pools() {
  const blocks::Usage sent = blocks::usage();
  const Flight::Usage flying = Flight::usage();
  return {usage("tcp_pcbs", MEMP_TCP_PCB),
          {"tcp_send_blocks", sent.blocks, sent.used, sent.most_used, sent.failures},
          {"tcp_flight_ranges", flying.ranges, flying.used, flying.most_used, flying.failures},
          usage("tcp_segments", MEMP_TCP_SEG),
          usage("pbufs", MEMP_PBUF),
          usage("frame_copies", MEMP_PBUF_POOL),
          usage("reassemblies", MEMP_REASSDATA),
          usage("fragments", MEMP_FRAG_PBUF),
          usage("arp_queue", MEMP_ARP_QUEUE),
          usage("udp_pcbs", MEMP_UDP_PCB),
          usage("timeouts", MEMP_SYS_TIMEOUT)};
}

}  // namespace mote::netstack
