// How long a connection's segments may be where no router says so: packetization layer path MTU
// discovery (RFC 4821), as a state without bytes. ip/path_mtu.hpp acts on routers' words.
//
// A connection begins with the longest segments that both ends take. If those vanish (a black
// hole: two timeouts in a row), they get as short as nearly every path takes, and once that works,
// single longer segments find out what passes. All lengths are of payload.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernel/time/clock.hpp"

namespace mote::netstack {

class PathProbe {
 public:
  // What a black hole makes of longer segments (7.2 and 7.7): at first, and if that doesn't help.
  static constexpr std::uint16_t kBase = 1024;
  static constexpr std::uint16_t kLeast = 512;
  // Timeouts in a row that are a black hole's; twice as many bring kLeast.
  static constexpr unsigned kTimeouts = 2;
  // Between a change or the end of a probe and the next probe (7.4): this time, and these segments
  // acknowledged at the present length.
  static constexpr Nanoseconds kSpacing = milliseconds(3000);
  static constexpr std::uint32_t kSegments = 16;
  // The search has converged when no more than this less a byte can be gained (7.3). So long
  // afterwards it begins again: paths get wider, too.
  static constexpr std::uint16_t kWorth = 8;
  static constexpr Nanoseconds kAgain = milliseconds(10 * 60'000);

  // `most`: the MSS that both ends admit.
  constexpr explicit PathProbe(std::uint16_t most) : most_(most), mss_(most), high_(most) {}

  // The longest segments that aren't probes; RFC 4821's eff_pmtu and search_low.
  [[nodiscard]] std::uint16_t mss() const { return mss_; }

  // The longest segments in use, a probe in flight included.
  [[nodiscard]] std::uint16_t longest() const { return std::max(mss_, probe_); }

  // A router says that no longer segments pass; perhaps of a probe.
  void on_too_long(Nanoseconds now, std::uint16_t longest);

  // Our own link passes no longer segments any more.
  void narrow(Nanoseconds now, std::uint16_t most) {
    most_ = std::min(most_, most);
    on_too_long(now, most);
  }

  // The retransmission timer fired for a segment of this payload. True: mss() fell.
  [[nodiscard]] bool on_timeout(Nanoseconds now, std::uint32_t payload);

  // Bytes outside a probe were acknowledged.
  void on_acknowledged(std::uint32_t bytes) {
    timeouts_ = 0;
    if (mss_ != most_) {
      count(bytes);
    }
  }

  // The payload of a probe to send now, or 0. `available`: bytes not sent yet that the windows
  // admit. Don't ask in recovery, nor when too little could follow the probe for its loss to be
  // seen without a timeout (7.4). Nothing changes until on_probe_sent.
  [[nodiscard]] std::uint32_t next_probe(Nanoseconds now, std::uint32_t available) const {
    return mss_ == most_ ? 0 : choose_probe(now, available);
  }

  // One probe is in flight at a time (7.5). Bytes of a lost one are sent again in usual segments.
  void on_probe_sent(Nanoseconds now, std::uint32_t payload);
  [[nodiscard]] bool is_probing() const { return probe_ != 0; }

  // What became of it (7.6): it passed, and mss() rose; it was lost, alone in its flight, which is
  // no sign of congestion; or others were lost, too, which says nothing of its length.
  void on_probe_acknowledged(Nanoseconds now);
  void on_probe_lost(Nanoseconds now);
  void on_probe_inconclusive(Nanoseconds now);

 private:
  static constexpr std::uint32_t kPlenty = kSegments * 0xFFFF;

  void count(std::uint32_t bytes) {
    acknowledged_ = std::min(acknowledged_ + std::min(bytes, kPlenty), kPlenty);
  }
  [[nodiscard]] bool has_converged() const { return high_ < mss_ + kWorth; }
  [[nodiscard]] std::uint16_t candidate() const;
  [[nodiscard]] std::uint32_t choose_probe(Nanoseconds now, std::uint32_t available) const;
  void fall(Nanoseconds now, std::uint16_t mss);
  void wait(Nanoseconds now);

  std::uint16_t most_;
  std::uint16_t mss_;
  std::uint16_t high_;              // the longest that may pass; RFC 4821's search_high less one
  std::uint16_t probe_ = 0;         // in flight
  Nanoseconds since_{};             // when mss_ changed last, or a probe began or ended
  std::uint32_t acknowledged_ = 0;  // bytes since then
  std::uint8_t timeouts_ = 0;       // in a row
  bool is_raised_ = false;          // mss_ is a probe's
  bool is_high_untried_ = false;    // high_ was in use before, or never tried
};
static_assert(sizeof(PathProbe) <= 24);

}  // namespace mote::netstack
