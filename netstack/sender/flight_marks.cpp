// Where to look in the scoreboard, so that an ACK or a resend needn't walk along all of it.
#include "netstack/sender/flight.hpp"

namespace mote::netstack {

FlightRange* Flight::mark_before(Sequence sequence) {
  FlightRange* best = first();
  if (best == nullptr) {
    return nullptr;
  }
  for (FlightRange* mark : marks_) {
    const bool is_before =
        mark != nullptr && (mark->begin.is_before(sequence) ||
                            (mark->begin == sequence && mark->state == State::kSacked));
    if (is_before && mark->begin.is_behind(best->begin)) {
      best = mark;
    }
  }
  return best;
}

void Flight::mark(FlightRange* range) {
  for (const FlightRange* mark : marks_) {
    if (mark == range) {
      return;
    }
  }
  marks_[next_mark_++ % kSackBlocks] = range;
}

const FlightRange* Flight::first_lost(Sequence limit) {
  if (lost_ == 0) {
    return nullptr;
  }
  const FlightRange* range = found_ == nullptr ? first() : found_->next;
  for (; range != nullptr && range->begin.is_before(limit); range = range->next) {
    if (range->state == State::kLost) {
      return range;
    }
    found_ = found_ == nullptr ? &first_ : found_->next;
  }
  return nullptr;
}

bool Flight::forgive_path_probe() {
  for (FlightRange* range = first(); range != nullptr; range = range->next) {
    if (range->state == State::kLost) {
      const bool is_alone = range->is_path_probe && range->bytes() == lost_;
      range->is_news = range->is_news && !is_alone;
      return is_alone;
    }
  }
  return false;
}

// Begins behind what isn't lost, unless this is before it.
FlightRange* Flight::containing(Sequence sequence, FlightRange** before) {
  const bool is_behind = found_ != nullptr && !found_->end.is_behind(sequence);
  *before = is_behind ? found_ : nullptr;
  for (FlightRange* range = is_behind ? found_->next : first(); range != nullptr;
       range = range->next) {
    if (range->end.is_behind(sequence)) {
      return range;
    }
    *before = range;
  }
  return nullptr;
}

}  // namespace mote::netstack
