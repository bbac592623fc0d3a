// RFC 8985, 6.2.
#include "netstack/sender/rack.hpp"

#include <algorithm>

namespace mote::netstack {

void Rack::begin(Sequence first) {
  *this = {};
  end_ = highest_ = delivered_to_ = round_end_ = first;
}

void Rack::on_delivered(Nanoseconds now, const FlightRange& range, Sequence end,
                        const RoundTrip& rtt) {
  delivered_to_ = later(delivered_to_, end);
  if (!range.is_resent && end.is_before(highest_)) {
    has_seen_reordering_ = true;
  }
  const Nanoseconds trip = now - range.sent_at;
  // The ACK of a resend that comes sooner than it could is that of the first sending. It could come
  // a quarter sooner than the least round trip so far: else the answer to a tail loss probe that is
  // the quickest would count for nothing, and a timeout would have to repair the tail.
  const Nanoseconds soonest{rtt.least().value - rtt.least().value / 4};
  if (range.is_mixed || (range.is_resent && (trip < soonest || !rtt.is_known()))) {
    return;
  }
  if (range.sent_at > sent_at_ || (range.sent_at == sent_at_ && end.is_behind(end_))) {
    sent_at_ = range.sent_at;
    end_ = end;
    rtt_ = trip;
  }
}

void Rack::on_duplicate(Sequence acknowledged, Sequence sent) {
  if (is_in_round_ && acknowledged.is_before(round_end_)) {
    return;  // one step a round trip
  }
  is_in_round_ = true;
  round_end_ = sent;
  quarters_ += quarters_ < 255 ? 1 : 0;
  persist_ = kPersist;
}

void Rack::on_recovered() {
  if (persist_ != 0 && --persist_ == 0) {
    quarters_ = 1;
  }
  is_in_round_ = false;
}

Nanoseconds Rack::window(const RoundTrip& rtt, bool is_sure) const {
  if (!has_seen_reordering_ && is_sure) {
    return {};
  }
  return {std::min(rtt.least().value / 4 * quarters_, rtt.smoothed().value)};
}

Rack::Found Rack::detect(Nanoseconds now, Flight& flight, const RoundTrip& rtt,
                         bool is_sure) const {
  Found found;
  const Nanoseconds patience = rtt_ + window(rtt, is_sure);
  for (FlightRange* range = flight.first(); range != nullptr; range = range->next) {
    ++found.seen;
    if (range->state != FlightRange::State::kOut) {
      continue;
    }
    if (!is_sent_after(*range)) {
      // What lies behind was sent later still, and resent later than that.
      if (!range->is_resent && !range->is_mixed) {
        break;
      }
      continue;
    }
    const Nanoseconds due = range->sent_at + patience;
    if (due <= now) {
      found.lost += range->bytes();
      flight.set_state(*range, FlightRange::State::kLost);
      range->is_news = true;
    } else {
      found.wait = std::max(found.wait, due - now);
    }
  }
  return found;
}

}  // namespace mote::netstack
