// The sizes of lwIP's pools.
#pragma once

#include <algorithm>
#include <cstddef>

#include "kernel/memory/ram_share.hpp"
#include "netstack/limits.hpp"

namespace mote::netstack {

struct Plan {
  std::size_t connections = 0;  // open at once
  std::size_t pcbs = 0;         // for these, for handshakes, and for connections still closing
  std::size_t segments = 0;     // as many headers of segments, and pbufs for what they refer to
  std::size_t texts = 0;        // blocks for what is written to a connection by copy
  std::size_t frames = 0;       // blocks for one frame or one DHCP message

  friend constexpr bool operator==(const Plan&, const Plan&) = default;
};

[[nodiscard]] constexpr Plan plan_for(std::size_t connections, RamShare share) {
  constexpr std::size_t kLeastSpare = 64;
  constexpr std::size_t kMostFast = 1024;  // connections that may send much at a time
  Plan plan;
  plan.connections = connections;
  plan.pcbs = connections + std::max(connections / 4, kLeastSpare);
  // Two segments for each, one of them in two pieces, and a FIN (mote_tcp_queue_limit); and some
  // more for those that send much.
  plan.segments = 4 * plan.pcbs + std::min(plan.pcbs, kMostFast);
  plan.texts = std::max(connections / 4, limits::kLeastTexts);
  plan.frames = share.of(limits::kFrameBlocks);
  return plan;
}

}  // namespace mote::netstack
