// Congestion control: how much may be in flight, and how fast to send.
//
// All connections use the algorithm that the settings name. Each has its state in here, without a
// virtual table: one branch on the algorithm.
#pragma once

#include <cstdint>

#include "kernel/time/clock.hpp"
#include "netstack/sender/congestion/bbr.hpp"
#include "netstack/sender/congestion/cubic.hpp"
#include "netstack/sender/congestion/events.hpp"
#include "netstack/sender/congestion/windows.hpp"

namespace mote::netstack {

enum class CongestionControl : std::uint8_t { kCubic, kBbr };

// For connections that begin from now on (`tcp.congestion`).
void choose_congestion_control(CongestionControl algorithm);
[[nodiscard]] CongestionControl congestion_control();

// Of what one ACK brings, these come in this order: undo, or on_recovered; on_loss, if recovery
// begins; on_range_lost for each range; on_ack.
class Congestion {
 public:
  // No state: most connections end before they need any. Call `begin` before anything else.
  Congestion() : algorithm_(CongestionControl::kCubic) {}

  // RFC 6928, 2.
  [[nodiscard]] static constexpr std::uint32_t initial_window(std::uint32_t mss) {
    return netstack::initial_window(bounded_mss(mss));
  }

  // Congestion control begins; `rtt` is the shortest round trip so far, or zero.
  void begin(Nanoseconds now, std::uint32_t mss, Nanoseconds rtt, bool has_selective_acks = true);

  // The path's segments became shorter or longer.
  void set_mss(std::uint32_t mss);

  // Before data is sent: `in_flight` bytes were in flight before it. After idleness (nothing in
  // flight) the window is validated again (RFC 7661), or BBR restarts from idle.
  void on_send(Nanoseconds now, std::uint32_t in_flight, bool is_app_limited);

  // May be left out while little is in flight and nothing lost: long gaps are taken for idleness.
  void on_ack(const AckEvent& event);

  // Loss detection enters recovery, with this much in flight; and leaves it. `lost`: bytes lost by
  // this event; zero for ECE.
  void on_loss(Nanoseconds now, std::uint32_t in_flight, std::uint32_t lost);
  void on_recovered(Nanoseconds now);

  // A range was found lost, by an ACK or by time; not those of a timeout.
  void on_range_lost(const LostRange& range);

  // The retransmission timer fired: what was in flight counts as lost (RFC 5681, 3.1). Recovery
  // lasts until on_recovered.
  void on_timeout(Nanoseconds now, std::uint32_t in_flight);

  // The last on_loss or on_timeout was spurious (RFC 4015, RFC 5682, D-SACK): as before it.
  // Recovery is over, too.
  void undo(Nanoseconds now);

  // Bytes that may be in flight; at least one MSS.
  [[nodiscard]] std::uint32_t window() const;
  // The window to which proportional rate reduction steers in recovery (RFC 6937's ssthresh); 0:
  // the algorithm rules its window itself in recovery (BBR).
  [[nodiscard]] std::uint32_t recovery_window() const;
  // Bytes a second; 0: no pacing, until the first ACK and the first measured round trip.
  [[nodiscard]] std::uint64_t pacing_rate() const;

  [[nodiscard]] CongestionControl algorithm() const { return algorithm_; }
  // BBR's own, while that is the algorithm.
  [[nodiscard]] const Bbr& bbr() const { return bbr_; }
  [[nodiscard]] const Cubic& cubic() const { return cubic_; }

 private:
  explicit Congestion(const Cubic& cubic) : algorithm_(CongestionControl::kCubic), cubic_(cubic) {}
  explicit Congestion(const Bbr& bbr) : algorithm_(CongestionControl::kBbr), bbr_(bbr) {}

  CongestionControl algorithm_;
  union {
    Cubic cubic_;
    Bbr bbr_;
  };
};
static_assert(sizeof(Congestion) <= 200);

}  // namespace mote::netstack
