// What recovery begins with, and what the path tells it.
#include "netstack/sender/recovery.hpp"

namespace mote::netstack {

void Recovery::begin(Nanoseconds now, Sequence first, std::uint32_t mss, bool peer_sends_sack,
                     Nanoseconds rtt) {
  flight_.begin(first);
  round_trip_.begin(now, rtt);
  delivery_ = {};
  rack_.begin(first);
  pace_ = {};
  reduction_ = {};
  arm(Timer::kNone, kNever);
  quiet_since_ = {};
  mss_ = mss;
  reduced_window_ = undo_bytes_ = presumed_ = late_losses_ = 0;
  // RFC 6582, 3.2, step 1; one before, so that the first segment's loss is seen.
  recovery_point_ = first + ~std::uint32_t{0};
  undo_begin_ = undo_end_ = resent_to_ = tail_end_ = free_until_ = full_until_ = last_edge_ =
      cwr_point_ = first;
  duplicates_ = tries_ = doublings_ = 0;
  phase_ = Phase::kOpen;
  doubt_ = Doubt::kNone;
  peer_sends_sack_ = peer_sends_sack;
  is_warm_ = has_been_warm_ = may_undo_ = has_resent_ = has_partial_ack_ = false;
  is_probing_holes_ = false;
  is_tail_due_ = is_tail_out_ = is_tail_resend_ = false;
  is_probe_due_ = is_small_due_ = was_full_ = owes_cwr_ = is_cwr_awaited_ = false;
  cool_down();
}

void Recovery::set_mss(std::uint32_t mss) {
  mss_ = mss;
  if (has_been_warm_) {
    congestion_.set_mss(mss);
  }
}

void Recovery::resend_long_segments() {
  for (FlightRange* range = flight_.first(); range != nullptr; range = range->next) {
    if (range->state == FlightRange::State::kOut && range->bytes() > mss_) {
      flight_.set_state(*range, FlightRange::State::kLost);
    }
  }
}

}  // namespace mote::netstack
