// How many of what a machine holds: the sizes of all pools, by a plain rule from its free RAM.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernel/limits.hpp"

namespace mote {

// Elements of the pools that are carved at boot.
struct Plan {
  // Those of lwIP follow from the connections.
  std::size_t connections = 0;
  std::size_t pcbs = 0;      // for these, for handshakes, and for connections still closing
  std::size_t segments = 0;  // and as many headers of segments, and pbufs for what they refer to
  std::size_t texts = 0;     // blocks for what is written to a connection by copy

  std::size_t packets = 0;
  std::size_t dma_bytes = 0;
  std::size_t frames = 0;  // blocks for one frame or one message of DHCP
  std::size_t small_requests = 0;
  std::size_t medium_requests = 0;
  std::size_t large_requests = 0;
  std::size_t tails = 0;  // replies at once with text of their own

  friend constexpr bool operator==(const Plan&, const Plan&) = default;
};

// What a connection needs of all pools, in bytes, roughly and rather more: whether a plan fits is
// seen when the pools are carved.
inline constexpr std::uint64_t kBytesAConnection = 2304;

// A plan for so many connections in a machine with so much RAM free.
[[nodiscard]] constexpr Plan plan_for(std::uint64_t free_bytes, std::size_t connections) {
  using namespace limits;
  const auto share = [&](std::size_t whole) {
    const std::uint64_t part = whole * std::min<std::uint64_t>(free_bytes, kAmpleBytes);
    return std::max<std::size_t>(part / kAmpleBytes, whole / kLeastShare);
  };
  Plan plan;
  plan.connections = std::clamp(connections, kLeastConnections, kMostConnections);
  plan.pcbs = plan.connections + std::max(plan.connections / 4, kLeastConnections);
  // Two segments for each, one of them in two pieces, and a FIN, as mote_tcp_queue_limit has it;
  // and beyond these some for those that send much.
  plan.segments = 4 * plan.pcbs + std::min<std::size_t>(plan.pcbs, 1024);
  plan.texts = std::max<std::size_t>(plan.connections / 4, limits::kLeastTexts);
  plan.packets = share(kPackets);
  plan.dma_bytes = share(kDmaArenaBytes);
  plan.frames = share(kFrameBlocks);
  plan.small_requests =
      std::max(share(kSmallRequests), plan.connections / kConnectionsASmallRequest);
  plan.medium_requests = share(kMediumRequests);
  plan.large_requests = share(kLargeRequests);
  plan.tails = std::max(share(kReplyTails), plan.connections / kConnectionsATail);
  return plan;
}

// The plan when nobody says how many connections there are to be: kConnections where RAM is ample,
// fewer where it isn't, and of what is more than ample half for more.
[[nodiscard]] constexpr Plan plan_for(std::uint64_t free_bytes) {
  using limits::kAmpleBytes, limits::kConnections;
  const std::uint64_t connections =
      free_bytes < kAmpleBytes ? kConnections * free_bytes / kAmpleBytes
                               : kConnections + (free_bytes - kAmpleBytes) / 2 / kBytesAConnection;
  return plan_for(free_bytes, std::min<std::uint64_t>(connections, limits::kMostConnections));
}

}  // namespace mote
