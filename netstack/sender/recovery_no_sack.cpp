// Peers without SACK: what their duplicate and partial ACKs stand for (RFC 5681, RFC 6582).
#include <algorithm>

#include "netstack/sender/recovery.hpp"
#include "netstack/sender/recovery_arrival.hpp"

namespace mote::netstack {

// Each duplicate ACK stands for a segment that arrived behind a hole (RFC 5681, 3.2; RFC 3042), and
// one that acknowledges more, for those and the hole.
void Recovery::presume(Arrival& arrival, bool is_duplicate) {
  if (arrival.acknowledged != 0) {
    note_advance(arrival);
  } else if (is_duplicate) {
    note_duplicate(arrival);
  }
}

void Recovery::note_duplicate(Arrival& arrival) {
  // After a timeout duplicate ACKs tell of needless resends as well as of holes. If they made room,
  // a hole would have all behind it resent once more. RFC 5682, 2.1, step 3a: but for the new data.
  if (phase_ == Phase::kTimeout && doubt_ != Doubt::kSecond) {
    return;
  }
  duplicates_ += duplicates_ < 255 ? 1 : 0;
  const std::uint32_t more = std::min(mss_, flight_.out() - std::min(flight_.out(), presumed_));
  presumed_ += more;
  arrival.delivered += more;
  // RFC 6582, 3.2, step 2: not for what a recovery or a timeout before has resent.
  const bool may_lose =
      phase_ == Phase::kMarked ||
      (phase_ == Phase::kOpen && flight_.acknowledged().is_behind(recovery_point_));
  if (duplicates_ == kDupThresh && may_lose) {
    arrival.lost += flight_.lose_first(mss_);
  }
}

void Recovery::note_advance(Arrival& arrival) {
  duplicates_ = 0;
  if (phase_ == Phase::kOpen && flight_.acknowledged().is_behind(recovery_point_)) {
    recovery_point_ = flight_.acknowledged() + ~std::uint32_t{0};  // or 2 GiB later it is ahead
  }
  const Sequence before = arrival.acknowledgement + (0 - arrival.acknowledged);
  // Of what is acknowledged, this was resent; what lies behind that had arrived before.
  const std::uint32_t mended =
      is_lossless() ? 0 : later(before, earlier(resent_to_, arrival.acknowledgement)) - before;
  const std::uint32_t skipped = arrival.acknowledged - mended;
  const std::uint32_t known = std::min(
      presumed_, std::min(skipped, arrival.acknowledged - std::min(arrival.acknowledged, mss_)));
  presumed_ -= known;
  arrival.delivered -= std::min(arrival.delivered, known);
  if (flight_.is_empty()) {
    presumed_ = 0;
  }
  if (is_lossless() || !flight_.acknowledged().is_before(recovery_point_)) {
    return;
  }
  // RFC 6582, 3.2, step 3: a partial ACK tells of the next hole.
  if (phase_ == Phase::kRecovery) {
    arrival.lost += flight_.lose_first(mss_);
    has_partial_ack_ = has_partial_ack_ && skipped == 0;
    return;
  }
  // After a timeout all counts as lost. Where an ACK skips something that wasn't resent, that isn't
  // so: what lies behind the next hole may have arrived, too. There one segment is resent, and
  // twice as much as arrives of it, until an ACK skips something again: what is resent needlessly
  // is no more than was lost in one piece.
  if (skipped != 0) {
    arrival.skipped = skipped;
    flight_.find_all();
    presumed_ = flight_.out();
    is_probing_holes_ = true;
    lose_next(mss_);
  } else if (is_probing_holes_) {
    lose_next(2 * mended);
  }
}

// What follows what was resent and what is lost already is lost, too.
void Recovery::lose_next(std::uint32_t bytes) {
  const Sequence from = later(resent_to_, flight_.acknowledged()) + flight_.lost();
  const std::uint32_t lost = flight_.lose({from, earlier(from + bytes, recovery_point_)});
  presumed_ -= std::min(presumed_, lost);
}

}  // namespace mote::netstack
