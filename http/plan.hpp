// The sizes of the HTTP server's pools.
#pragma once

#include <algorithm>
#include <cstddef>

#include "http/limits.hpp"
#include "kernel/memory/ram_share.hpp"

namespace mote::http {

struct Plan {
  std::size_t connections = 0;
  std::size_t small_requests = 0;
  std::size_t medium_requests = 0;
  std::size_t large_requests = 0;
  std::size_t tails = 0;  // replies at once with text of their own

  friend constexpr bool operator==(const Plan&, const Plan&) = default;
};

[[nodiscard]] constexpr Plan plan_for(std::size_t connections, RamShare share) {
  using namespace limits;
  return {
      .connections = connections,
      .small_requests = std::max(share.of(kSmallRequests), connections / kConnectionsASmallRequest),
      .medium_requests = share.of(kMediumRequests),
      .large_requests = share.of(kLargeRequests),
      .tails = std::max(share.of(kReplyTails), connections / kConnectionsATail)};
}

}  // namespace mote::http
