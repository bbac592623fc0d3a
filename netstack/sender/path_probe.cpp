// The search for the longest segments that pass. Sections are RFC 4821's.
#include "netstack/sender/path_probe.hpp"

#include <array>

namespace mote::netstack {
namespace {

// Payloads that fill the MTUs of common tunnels (7.3: "common MTUs first"), less 40 bytes of
// headers: 1280 (the least of IPv6), 1400, 1420 (WireGuard), 1450 (VXLAN), 1476 (GRE), 1480 (IP in
// IP), 1492 (PPPoE).
constexpr std::array<std::uint16_t, 7> kCommon{1240, 1360, 1380, 1410, 1436, 1440, 1452};

}  // namespace

// The next probe is some time and data away.
void PathProbe::wait(Nanoseconds now) {
  probe_ = 0;
  since_ = now;
  acknowledged_ = 0;
}

void PathProbe::on_too_long(Nanoseconds now, std::uint16_t longest) {
  if (longest >= high_ && longest >= mss_) {
    return;
  }
  high_ = longest;
  is_high_untried_ = true;
  if (longest >= mss_) {
    return;
  }
  mss_ = longest;
  is_raised_ = false;
  wait(now);
}

// 7.7: a full stop, whose reason may be the segments' length; that of short ones less likely.
bool PathProbe::on_timeout(Nanoseconds now, std::uint32_t payload) {
  if (is_probing()) {
    // 7.6.3: the probe stopped everything, or something else did.
    if (payload == probe_) {
      on_probe_lost(now);
      return false;
    }
    on_probe_inconclusive(now);
  }
  if (payload <= kLeast) {
    return false;
  }
  timeouts_ = static_cast<std::uint8_t>(std::min(timeouts_ + 1U, 2 * kTimeouts));
  if (timeouts_ < kTimeouts) {
    return false;
  }
  const std::uint16_t bound = timeouts_ < 2 * kTimeouts ? kBase : kLeast;
  if (payload <= bound || mss_ <= bound) {
    return false;
  }
  fall(now, bound);
  return true;
}

// An outage looks like a black hole. So the length that was in use is tried first, unless it was a
// probe's: then what passed once doesn't always (7.8), and the search ends below it.
void PathProbe::fall(Nanoseconds now, std::uint16_t mss) {
  if (is_raised_) {
    high_ = static_cast<std::uint16_t>(mss_ - 1);
    is_high_untried_ = false;
  } else if (high_ == mss_) {
    is_high_untried_ = true;
  }
  is_raised_ = false;
  mss_ = mss;
  wait(now);
}

// 7.3: halves the range, by a common length if there is one behind its middle.
std::uint16_t PathProbe::candidate() const {
  if (is_high_untried_) {
    return high_;
  }
  const auto middle = static_cast<std::uint16_t>(std::max((mss_ + high_ + 1) / 2, mss_ + kWorth));
  const auto* common = std::lower_bound(kCommon.begin(), kCommon.end(), middle);
  return common != kCommon.end() && *common <= high_ ? *common : middle;
}

std::uint32_t PathProbe::choose_probe(Nanoseconds now, std::uint32_t available) const {
  if (is_probing() || acknowledged_ < kSegments * mss_) {
    return 0;
  }
  const Nanoseconds waited = now - since_;
  if (waited < (has_converged() ? kAgain : kSpacing)) {
    return 0;
  }
  // Less data than the candidate makes a probe, too: it tells whether what there is to send passes.
  const auto longest = std::uint32_t{has_converged() ? most_ : candidate()};
  const std::uint32_t payload = std::min(longest, available);
  return payload >= std::min<std::uint32_t>(mss_ + kWorth, most_) ? payload : 0;
}

void PathProbe::on_probe_sent(Nanoseconds now, std::uint32_t payload) {
  if (payload > high_) {  // the search begins again
    high_ = most_;
    is_high_untried_ = true;
  }
  wait(now);
  probe_ = static_cast<std::uint16_t>(payload);
}

// 7.6.1
void PathProbe::on_probe_acknowledged(Nanoseconds now) {
  if (!is_probing()) {
    return;
  }
  mss_ = probe_;
  is_raised_ = true;
  timeouts_ = 0;
  wait(now);
}

// 7.6.2
void PathProbe::on_probe_lost(Nanoseconds now) {
  if (!is_probing()) {
    return;
  }
  if (high_ >= probe_) {
    high_ = static_cast<std::uint16_t>(probe_ - 1);
    is_high_untried_ = false;
  }
  wait(now);
}

// 7.6.4
void PathProbe::on_probe_inconclusive(Nanoseconds now) {
  if (is_probing()) {
    wait(now);
  }
}

}  // namespace mote::netstack
