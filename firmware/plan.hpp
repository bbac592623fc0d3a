// The sizes of all pools, derived from the machine's free RAM.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "drivers/limits.hpp"
#include "http/limits.hpp"
#include "http/plan.hpp"
#include "kernel/limits.hpp"
#include "kernel/memory/ram_share.hpp"
#include "netstack/plan.hpp"

namespace mote {

struct Plan {
  std::size_t packets = 0;
  std::size_t dma_bytes = 0;
  netstack::Plan netstack;
  http::Plan http;

  friend constexpr bool operator==(const Plan&, const Plan&) = default;
};

// Bytes that a connection needs of all pools, roughly, rounded up. Whether a plan really fits shows
// when the pools are carved.
inline constexpr std::uint64_t kBytesAConnection = 2304;

// A plan for this many connections, clamped to kLeastConnections and kMostConnections (limits).
[[nodiscard]] constexpr Plan plan_for(std::uint64_t free_bytes, std::size_t connections) {
  const RamShare share(free_bytes);
  connections = std::clamp(connections, limits::kLeastConnections, limits::kMostConnections);
  return {.packets = share.of(limits::kPackets),
          .dma_bytes = share.of(limits::kDmaArenaBytes),
          .netstack = netstack::plan_for(connections, share),
          .http = http::plan_for(connections, share)};
}

// The plan if no setting gives a number of connections: kConnections if RAM is ample,
// proportionally fewer if it isn't, and more from half of the RAM beyond ample.
[[nodiscard]] constexpr Plan plan_for(std::uint64_t free_bytes) {
  constexpr std::uint64_t kAmple = RamShare::kAmpleBytes;
  using limits::kConnections, limits::kMostConnections;
  const std::uint64_t connections =
      free_bytes < kAmple ? kConnections * free_bytes / kAmple
                          : kConnections + (free_bytes - kAmple) / 2 / kBytesAConnection;
  return plan_for(free_bytes, std::min<std::uint64_t>(connections, kMostConnections));
}

}  // namespace mote
