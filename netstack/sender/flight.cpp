// The scoreboard of one connection, and the pool of ranges of them all.
#include "netstack/sender/flight.hpp"

#include <algorithm>
#include <new>
#include <span>

#include "netstack/limits.hpp"
#include "netstack/lwip/free_blocks.hpp"

namespace mote::netstack {
namespace {

// The ranges of all connections, beside the first of each.
struct Pool {
  FreeBlocks blocks;
  std::size_t count = 0;
  std::size_t taken = 0;
  std::uint64_t failures = 0;
};
constinit Pool pool;

// A connection gets a range while it has fewer than this many: the fewer are left, the fewer.
std::size_t allowance() { return std::min(limits::kFlightRanges, (pool.count - pool.taken) / 4); }

bool are_near(Nanoseconds a, Nanoseconds b, Nanoseconds together) {
  return (a > b ? a - b : b - a) <= together;
}

bool are_alike(const FlightRange& a, const FlightRange& b, Nanoseconds together) {
  return a.state == b.state && a.is_resent == b.is_resent && a.is_app_limited == b.is_app_limited &&
         a.is_counted == b.is_counted && a.is_mixed == b.is_mixed && a.is_vague == b.is_vague &&
         !a.is_path_probe && !b.is_path_probe && are_near(a.sent_at, b.sent_at, together);
}

// What is known of two neighbours together, at worst.
FlightRange::State common(FlightRange::State a, FlightRange::State b) {
  using State = FlightRange::State;
  if (a == b) {
    return a;
  }
  return a == State::kOut || b == State::kOut ? State::kOut : State::kLost;
}

}  // namespace

bool Flight::set_up(Arena& arena, std::size_t count) {
  const std::span<FlightRange> memory = arena.take<FlightRange>(count);
  pool = {.blocks = FreeBlocks(std::as_writable_bytes(memory), sizeof(FlightRange)),
          .count = memory.size()};
  return memory.size() == count;
}

std::size_t Flight::ranges_taken() { return pool.taken; }

Flight::Usage Flight::usage() {
  return {pool.count, pool.taken, pool.blocks.most_used(), pool.failures};
}

FlightRange* Flight::take() {
  void* const memory = count_ > allowance() ? nullptr : pool.blocks.take();
  if (memory == nullptr) {
    pool.failures += count_ > limits::kFlightRanges ? 0 : 1;
    return nullptr;
  }
  ++pool.taken;
  ++count_;
  return new (memory) FlightRange;
}

void Flight::give_back(FlightRange* range, FlightRange* heir) {
  for (FlightRange*& mark : marks_) {
    mark = mark == range ? heir : mark;
  }
  found_ = found_ == range ? heir : found_;
  pool.blocks.give_back(range);
  --pool.taken;
  --count_;
}

void Flight::forget_marks() {
  marks_ = {};
  found_ = nullptr;
}

void Flight::begin(Sequence first) {
  end();
  acknowledged_ = sent_ = first;
}

void Flight::end() {
  while (count_ > 1) {
    pop();
  }
  count_ = 0;
  sacked_ = lost_ = 0;
  last_ = &first_;
  forget_marks();
}

void Flight::pop() {
  FlightRange* second = first_.next;
  if (count_ == 1) {
    count_ = 0;
    forget_marks();
    return;
  }
  found_ = found_ == &first_ ? nullptr : found_;
  first_ = *second;
  last_ = last_ == second ? &first_ : last_;
  give_back(second, &first_);
}

void Flight::append(std::uint32_t bytes, Nanoseconds now, Nanoseconds together,
                    const DeliverySnapshot& snapshot, bool is_app_limited, bool is_path_probe) {
  FlightRange fresh{.begin = sent_, .end = sent_ + bytes, .sent_at = now, .snapshot = snapshot};
  fresh.is_app_limited = is_app_limited;
  fresh.is_path_probe = is_path_probe;
  sent_ = fresh.end;
  if (count_ == 0) {
    first_ = fresh;
    last_ = &first_;
    count_ = 1;
    return;
  }
  if (are_alike(*last_, fresh, together)) {
    last_->end = fresh.end;
    return;
  }
  FlightRange* range = take();
  if (range == nullptr && coarsen()) {
    range = take();
  }
  if (range != nullptr) {
    *range = fresh;
    last_->next = range;
    last_ = range;
    return;
  }
  last_->is_vague = last_->is_vague || last_->state == State::kLost;
  set_state(*last_, State::kOut);
  last_->sent_at = now;
  last_->is_path_probe = false;
  last_->is_mixed = true;
  last_->end = fresh.end;
}

bool Flight::split(FlightRange& range, Sequence at) {
  FlightRange* rest = take();
  if (rest == nullptr) {
    return false;
  }
  range.is_path_probe = false;
  *rest = range;
  rest->begin = at;
  range.end = at;
  range.next = rest;
  last_ = last_ == &range ? rest : last_;
  return true;
}

// The next one has become a part of this one.
void Flight::join_next(FlightRange& range) {
  FlightRange* next = range.next;
  range.end = next->end;
  range.next = next->next;
  range.is_path_probe = false;
  last_ = last_ == next ? &range : last_;
  give_back(next, &range);
}

FlightRange* Flight::join_sacked(FlightRange* before, FlightRange* range) {
  if (before == nullptr || before->state != State::kSacked || range->state != State::kSacked) {
    return range;
  }
  before->is_resent = before->is_resent || range->is_resent;
  before->is_mixed = true;
  join_next(*before);
  return before;
}

bool Flight::coarsen() {
  FlightRange* chosen = nullptr;
  for (FlightRange* range = first(); range != nullptr && range->next != nullptr;
       range = range->next) {
    // Neighbours of one state are best, and the earlier the better: they'll be gone soon.
    if (range->state == range->next->state) {
      chosen = range;
      break;
    }
    chosen = range;
  }
  if (chosen == nullptr) {
    return false;
  }
  FlightRange& next = *chosen->next;
  const State state = common(chosen->state, next.state);
  const bool is_vague =
      state == State::kOut && (chosen->state == State::kLost || next.state == State::kLost);
  set_state(*chosen, state);
  set_state(next, state);
  chosen->sent_at = std::max(chosen->sent_at, next.sent_at);
  chosen->is_resent = chosen->is_resent || next.is_resent;
  chosen->is_app_limited = chosen->is_app_limited || next.is_app_limited;
  chosen->is_counted = chosen->is_counted || next.is_counted;
  chosen->is_vague = chosen->is_vague || next.is_vague || is_vague;
  chosen->is_mixed = true;
  join_next(*chosen);
  return true;
}

void Flight::set_state(FlightRange& range, State state) {
  if (range.state == State::kSacked) {
    sacked_ -= range.bytes();
    range.is_counted = true;
  } else if (range.state == State::kLost) {
    lost_ -= range.bytes();
  }
  range.state = state;
  if (state == State::kLost && found_ != nullptr && !range.begin.is_behind(found_->begin)) {
    found_ = nullptr;
  }
  range.is_vague = range.is_vague && state != State::kSacked;
  sacked_ += state == State::kSacked ? range.bytes() : 0;
  lost_ += state == State::kLost ? range.bytes() : 0;
}

std::uint32_t Flight::lose(SequenceRange part) {
  const std::uint32_t before = lost_;
  for (FlightRange* range = first(); range != nullptr && range->begin.is_before(part.end);
       range = range->next) {
    if (range->state != State::kOut || !range->end.is_behind(part.begin)) {
      continue;
    }
    if (range->begin.is_before(part.begin) && split(*range, part.begin)) {
      continue;  // comes to the second half
    }
    if (range->end.is_behind(part.end)) {
      static_cast<void>(split(*range, part.end));
    }
    set_state(*range, State::kLost);
  }
  return lost_ - before;
}

std::uint32_t Flight::lose_first(std::uint32_t bytes) {
  if (count_ == 0) {
    return 0;
  }
  const std::uint32_t lost = lose({first_.begin, earlier(first_.end, first_.begin + bytes)});
  first_.is_news = first_.is_news || lost != 0;
  return lost;
}

std::uint32_t Flight::lose_all() {
  const std::uint32_t before = lost_;
  for (FlightRange* range = first(); range != nullptr; range = range->next) {
    if (range->state == State::kOut) {
      set_state(*range, State::kLost);
    }
  }
  return lost_ - before;
}

void Flight::join_lost() {
  for (FlightRange* range = first(); range != nullptr; range = range->next) {
    for (FlightRange* next = range->next;
         next != nullptr && range->state == State::kLost && next->state == State::kLost &&
         range->is_counted == next->is_counted && range->is_vague == next->is_vague;
         next = range->next) {
      range->sent_at = std::max(range->sent_at, next->sent_at);
      range->is_resent = range->is_resent || next->is_resent;
      range->is_app_limited = range->is_app_limited || next->is_app_limited;
      range->is_mixed = true;
      join_next(*range);
    }
  }
}

void Flight::find_all() {
  for (FlightRange* range = first(); range != nullptr; range = range->next) {
    if (range->state == State::kLost && !range->is_vague) {
      set_state(*range, State::kOut);
    }
  }
}

void Flight::forget_sacks() {
  for (FlightRange* range = first(); range != nullptr; range = range->next) {
    if (range->state == State::kSacked) {
      set_state(*range, State::kOut);
    }
  }
}

void Flight::become_out(FlightRange& range, Nanoseconds now, const DeliverySnapshot& snapshot) {
  set_state(range, State::kOut);
  range.sent_at = now;
  range.snapshot = snapshot;
  range.is_resent = true;
  range.is_path_probe = false;
  range.is_news = false;
  range.is_app_limited = false;
}

const FlightRange& Flight::tail() const {
  if (count_ < 2 || last_->bytes() != 1) {
    return *last_;
  }
  const FlightRange* before = first();
  while (before->next != last_) {
    before = before->next;
  }
  return before->state == State::kOut ? *before : *last_;
}

void Flight::resend(SequenceRange part, Nanoseconds now, Nanoseconds together,
                    const DeliverySnapshot& snapshot) {
  FlightRange* before = nullptr;
  FlightRange* range = containing(part.begin, &before);
  if (range == nullptr || range->state == State::kSacked) {
    return;
  }
  if (range->begin.is_before(part.begin) && split(*range, part.begin)) {
    before = range;
    range = range->next;
  }
  const bool is_whole = !range->end.is_behind(part.end);
  if (before != nullptr && before->state == State::kOut && before->is_resent && !is_whole &&
      !before->is_mixed && !before->is_vague && range->begin == part.begin &&
      range->state == State::kLost && are_near(before->sent_at, now, together)) {
    // A further part of what is being resent in one go.
    lost_ -= part.bytes();
    before->is_counted = before->is_counted || range->is_counted;
    before->end = part.end;
    range->begin = part.end;
    return;
  }
  if (!is_whole && !split(*range, part.end)) {
    range->is_vague = true;
  }
  become_out(*range, now, snapshot);
  if (before != nullptr && are_alike(*before, *range, together)) {
    join_next(*before);
  }
}

bool Flight::adds_up() const {
  std::uint32_t sacked = 0;
  std::uint32_t lost = 0;
  std::uint32_t count = 0;
  Sequence at = acknowledged_;
  const FlightRange* last = nullptr;
  bool is_found = found_ == nullptr || count_ == 0;
  for (const FlightRange* range = first(); range != nullptr; range = range->next) {
    if (range->begin != at || !range->end.is_behind(range->begin) || count == count_) {
      return false;
    }
    const bool is_unjoined =
        last != nullptr && last->state == State::kSacked && range->state == State::kSacked;
    if (is_unjoined || (!is_found && range->state == State::kLost)) {
      return false;
    }
    is_found = is_found || range == found_;
    sacked += range->state == State::kSacked ? range->bytes() : 0;
    lost += range->state == State::kLost ? range->bytes() : 0;
    at = range->end;
    last = range;
    ++count;
  }
  return is_found && at == sent_ && sacked == sacked_ && lost == lost_ && count == count_ &&
         (count == 0 || last == last_) && sacked_ + lost_ <= bytes();
}

}  // namespace mote::netstack
