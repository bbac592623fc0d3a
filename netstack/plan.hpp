// The sizes of the stack's pools: lwIP's, and the sender's.
#pragma once

#include <algorithm>
#include <cstddef>

#include "kernel/memory/ram_share.hpp"
#include "netstack/limits.hpp"

namespace mote::netstack {

struct Plan {
  std::size_t connections = 0;    // open at once
  std::size_t pcbs = 0;           // for these, for handshakes, and for connections still closing;
                                  // and as many senders
  std::size_t segments = 0;       // lwIP's: SYNs that wait for an answer, and segments without data
  std::size_t shared_blocks = 0;  // of queues, beside those that each connection has of its own
  std::size_t frame_blocks = 0;   // for headers of frames that devices read
  std::size_t ranges = 0;         // of what is in flight, beside each connection's first
  std::size_t texts = 0;          // blocks for lwIP's DHCP messages and pings
  std::size_t frames = 0;         // blocks for one frame or one DHCP message

  friend constexpr bool operator==(const Plan&, const Plan&) = default;
};

[[nodiscard]] constexpr Plan plan_for(std::size_t connections, RamShare share) {
  constexpr std::size_t kLeastSpare = 64;
  constexpr std::size_t kMostFast = 1024;  // connections that may send much at a time
  Plan plan;
  plan.connections = connections;
  plan.pcbs = connections + std::max(connections / 4, kLeastSpare);
  plan.segments = plan.pcbs + std::max(plan.pcbs / 4, kLeastSpare);
  // One each where connections are few; of many, not all have long texts at once.
  plan.shared_blocks = std::clamp(std::min(plan.pcbs, std::max(2 * plan.pcbs / 5, 2 * kMostFast)),
                                  limits::kLeastSharedBlocks, 8 * kMostFast);
  plan.frame_blocks = share.of(limits::kFrameHeaders);
  plan.ranges = 2 * std::min(plan.pcbs, kMostFast);
  plan.texts = share.of(limits::kTexts);
  plan.frames = share.of(limits::kFrameBlocks);
  return plan;
}

}  // namespace mote::netstack
