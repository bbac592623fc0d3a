// Limits the rate of resets: lwIP's hook for segments that belong to no connection.
#include "netstack/tcp/resets.hpp"

#include <array>
#include <cstdint>
#include <span>

#include "kernel/platform/entropy.hpp"
#include "kernel/time/clock.hpp"
#include "mote_hooks.h"
#include "netstack/ip/token_bucket.hpp"
#include "netstack/limits.hpp"

namespace mote::netstack {
namespace {

constexpr std::uint64_t kMinute = milliseconds(60'000).value;

struct Share {
  TokenBucket bucket{limits::kResetBurst, limits::kResetsASecond};
};

constinit std::array<Share, limits::kResetShares> shares;
constinit ResetCounters counters;

TokenBucket& bucket_of(std::uint32_t address, Nanoseconds now) {
  const std::array<std::uint32_t, 2> message = {static_cast<std::uint32_t>(now.value / kMinute),
                                                address};
  return shares[entropy::keyed_hash(std::as_bytes(std::span(message))) % shares.size()].bucket;
}

}  // namespace

const ResetCounters& reset_counters() { return counters; }

}  // namespace mote::netstack

extern "C" u8_t mote_tcp_reset(const ip_addr_t* to) {
  using namespace mote::netstack;
  const mote::Nanoseconds now = mote::clock::now();
  const bool sent = bucket_of(ip4_addr_get_u32(ip_2_ip4(to)), now).take(now);
  ++(sent ? counters.sent : counters.withheld);
  return sent ? 1 : 0;
}
