// Decides which ICMP errors are sent (RFC 1122, 3.2.2), and limits their rate.
#include <array>
#include <cstddef>

#include "kernel/time/clock.hpp"
#include "lwip/pbuf.h"
#include "mote_hooks.h"
#include "netstack/interface/attachment.hpp"
#include "netstack/ip/token_bucket.hpp"
#include "netstack/limits.hpp"
#include "netstack/stats.hpp"
#include "netstack/wire/headers.hpp"

namespace mote::netstack {
namespace {

constinit TokenBucket bucket{limits::kIcmpErrorBurst, limits::kIcmpErrorsASecond};
constinit IcmpErrors errors;

// Queries and their answers. Any other type is an error, or may be one.
bool is_query(std::uint8_t type) {
  constexpr std::array<std::uint8_t, 6> kQueries = {0, 8, 13, 14, 17, 18};  // RFC 792, RFC 950
  for (const std::uint8_t query : kQueries) {
    if (type == query) {
      return true;
    }
  }
  return false;
}

// The classifier has already checked the source, and that no group's frame carries a datagram for
// one host.
bool may_cause_error(const struct pbuf& datagram) {
  Ipv4Header ip;
  if (pbuf_copy_partial(&datagram, &ip, sizeof(ip), 0) != sizeof(ip)) {
    return false;
  }
  if ((ip.flags_and_offset & Ipv4Header::kOffsetMask) != 0) {
    return false;
  }
  if (interface_with_address(ip.destination.raw()) == nullptr) {
    return false;  // broadcast, mostly
  }
  if (ip.protocol != Ipv4Header::kIcmp) {
    return true;
  }
  std::uint8_t type = 0;
  const auto at = static_cast<u16_t>(ip.header_bytes());
  return pbuf_copy_partial(&datagram, &type, 1, at) == 1 && is_query(type);
}

}  // namespace

IcmpErrors icmp_errors() { return errors; }

}  // namespace mote::netstack

extern "C" u8_t mote_icmp_error(const struct pbuf* datagram) {
  using namespace mote::netstack;
  if (!may_cause_error(*datagram)) {
    ++errors.forbidden;
    return 0;
  }
  const bool sent = bucket.take(mote::clock::now());
  ++(sent ? errors.sent : errors.withheld);
  return sent ? 1 : 0;
}
