// The far end of a download, with habits.
#include "tests/unit/netstack/sender/sack_peer.hpp"

#include <algorithm>

namespace mote::world {

SackPeer::SackPeer(std::uint16_t port, std::uint16_t service, const Habits& habits, unsigned seed)
    : habits_(habits), port_(port), service_(service), random_(seed), window_(habits.window) {}

bool SackPeer::happens(double chance) {
  return chance > 0 && std::uniform_real_distribution<>()(random_) < chance;
}

void SackPeer::connect() {
  awaits_syn_ack_ = true;
  resend();
}

void SackPeer::request(const Bytes& bytes) {
  unacknowledged_ = bytes;
  patience_ = milliseconds(250);
  resend();
}

void SackPeer::close() {
  send(kFin | kAck);
  ++sequence_;
}

void SackPeer::reset() { send(kRst | kAck); }

void SackPeer::resend() {
  resend_at_ = now_ + patience_;
  if (patience_ < milliseconds(8000)) patience_ = {2 * patience_.value};
  if (awaits_syn_ack_) {
    send(kSyn, {}, syn_options(habits_.mss, habits_.scale, habits_.sack, habits_.timestamps));
  } else if (!unacknowledged_.empty()) {
    send(kAck | kPsh, unacknowledged_);
  }
}

void SackPeer::send(unsigned flags, const Bytes& payload, const Bytes& options) {
  send_at(sequence_, (flags & kSyn) != 0 ? 0 : next(), flags, payload, options);
}

void SackPeer::send_at(std::uint32_t sequence, std::uint32_t acknowledgement, unsigned flags,
                       const Bytes& payload, const Bytes& options) {
  const bool is_scaled = habits_.scale >= 0 && (flags & kSyn) == 0;
  const std::uint32_t most = is_scaled ? 0xFFFFU << habits_.scale : 0xFFFFU;
  // The right edge doesn't move to the left, unless that is the habit.
  std::uint32_t window = window_;
  const std::uint32_t here = acknowledgement - their_isn_;
  if (is_established_ && !habits_.shrinks && beyond(edge_, here + window) > 0) {
    window = edge_ - here;
  }
  window = std::min(window, most);
  const unsigned shift = is_scaled ? static_cast<unsigned>(habits_.scale) : 0;
  if (is_established_) edge_ = here + (window >> shift << shift);
  outgoing.push_back(frame_of({.from = port_,
                               .to = service_,
                               .sequence = sequence,
                               .acknowledgement = acknowledgement,
                               .flags = flags,
                               .window = static_cast<std::uint16_t>(window >> shift),
                               .options = options,
                               .payload = payload}));
}

void SackPeer::receive(const Bytes& frame) {
  const auto segment = segment_in(frame);
  if (!segment || segment->to != port_ || was_reset_) return;
  if ((segment->flags & kRst) != 0) {
    was_reset_ = true;
    return;
  }
  if ((segment->flags & kSyn) != 0) {
    if (awaits_syn_ack_) {
      awaits_syn_ack_ = false;
      is_established_ = true;
      their_isn_ = segment->sequence;
      ++sequence_;
    }
    acknowledge();
    return;
  }
  if (!is_established_) return;
  const std::uint32_t end = sequence_ + static_cast<std::uint32_t>(unacknowledged_.size());
  if (!unacknowledged_.empty() && segment->acknowledgement == end) {
    sequence_ = end;
    unacknowledged_.clear();
  }
  accept(*segment);
}

// Whether all of this is there already; then it is told as a duplicate (RFC 2883, 4).
bool SackPeer::is_seen(Range range) {
  const std::uint32_t here = next() - their_isn_;
  bool is_there = beyond(range.second, here) <= 0;
  for (const auto& [begin, data] : early_) {
    is_there |= begin <= range.first && begin + data.size() >= range.second;
  }
  if (is_there) duplicate_ = range;
  return is_there;
}

void SackPeer::accept(const Segment& segment) {
  const bool has_fin = (segment.flags & kFin) != 0;
  if (segment.payload.empty() && !has_fin) {
    // A probe of the window, below it, is answered (RFC 9293, 3.10.7.4).
    if (beyond(segment.sequence, next()) < 0) acknowledge();
    return;
  }
  ++segments_;
  bytes_ += segment.payload.size();
  const std::uint32_t begin = segment.sequence - their_isn_;
  const std::uint32_t end = segment.end() - their_isn_;
  const std::uint32_t here = next() - their_isn_;
  const bool is_within = beyond(end, edge_) <= 0 || beyond(begin, here) < 0;
  refused_ += is_within ? 0 : 1;
  if (!is_within || (begin != end && is_seen({begin, end})) || is_finished_) {
    acknowledge();
    return;
  }
  if (has_fin) fin_at_ = end;
  const bool was_in_order = beyond(begin, here) <= 0 && early_.empty() && !has_early_fin();
  store(segment, begin);
  take_in_order();
  if (happens(habits_.reneging)) {
    for (const auto& [begin, data] : early_) thrown_away_ += data.size();
    early_.clear();
    recent_.clear();
    if (!is_finished_) fin_at_ = 0;
  }
  if (!was_in_order || !early_.empty() || has_fin || ++unanswered_ >= habits_.acknowledge_every) {
    acknowledge();
  } else if (answer_at_.value == 0) {
    answer_at_ = now_ + habits_.delayed_ack;
  }
}

// Joins it with what it touches.
void SackPeer::store(const Segment& segment, std::uint32_t begin) {
  if (segment.payload.empty()) return;
  Bytes data = segment.payload;
  for (auto at = early_.begin(); at != early_.end();) {
    const std::uint32_t end = begin + static_cast<std::uint32_t>(data.size());
    const auto& [there, old] = *at;
    const std::uint32_t there_end = there + static_cast<std::uint32_t>(old.size());
    if (there > end || there_end < begin) {
      ++at;
      continue;
    }
    Bytes joined(std::max(end, there_end) - std::min(begin, there));
    const std::uint32_t from = std::min(begin, there);
    std::ranges::copy(old, joined.begin() + (there - from));
    std::ranges::copy(data, joined.begin() + (begin - from));
    data = std::move(joined);
    begin = from;
    at = early_.erase(at);
  }
  early_.emplace(begin, std::move(data));
  recent_.push_front(segment.sequence - their_isn_);
  if (recent_.size() > 64) recent_.pop_back();
}

void SackPeer::take_in_order() {
  const auto here = static_cast<std::uint32_t>(1 + body_.size());
  const auto first = early_.begin();
  if (first != early_.end() && first->first <= here) {
    const Bytes& data = first->second;
    const std::size_t seen = std::min<std::size_t>(here - first->first, data.size());
    body_.insert(body_.end(), data.begin() + static_cast<long>(seen), data.end());
    early_.erase(first);
  }
  if (fin_at_ != 0 && 1 + body_.size() == fin_at_) is_finished_ = true;
}

// The duplicate first, then the block with what came last, then the others, the latest first.
std::vector<Range> SackPeer::blocks() {
  std::vector<Range> told;
  if (!habits_.sack) return told;
  if (habits_.duplicate_sack && duplicate_.first != duplicate_.second) told.push_back(duplicate_);
  const std::size_t duplicates = told.size();
  const bool is_fin_alone =
      has_early_fin() && std::ranges::none_of(early_, [this](const auto& entry) {
        return entry.first + entry.second.size() == fin_at_;
      });
  if (habits_.sacks_fin && is_fin_alone) told.emplace_back(fin_at_, fin_at_ + 1);
  for (const std::uint32_t latest : recent_) {
    for (const auto& [begin, data] : early_) {
      std::uint32_t end = begin + static_cast<std::uint32_t>(data.size());
      if (habits_.sacks_fin && end == fin_at_) ++end;
      const Range block{begin, end};
      const bool is_it = block.first <= latest && latest < block.second;
      const auto others = std::span(told).subspan(duplicates);
      if (is_it && told.size() < 4 && std::ranges::find(others, block) == others.end()) {
        told.push_back(block);
      }
    }
  }
  for (Range& block : told) {
    block.first += their_isn_;
    block.second += their_isn_;
  }
  return told;
}

void SackPeer::acknowledge() {
  play_with_window();
  unanswered_ = 0;
  answer_at_ = {};
  const std::vector<Range> told = blocks();
  duplicate_ = {};
  send(kAck, {}, sack_option(told));
  // Not in the handshake, where it would be reset (RFC 9293, 3.10.7.4, SYN-RECEIVED).
  if (happens(habits_.overclaiming) && !body_.empty()) {
    send_at(sequence_, next() + 50'000'000, kAck, {}, {});
  }
}

void SackPeer::play_with_window() {
  if (!is_established_ || !happens(habits_.window_games)) return;
  switch (random_() % 4) {
    case 0:
      window_ = 0;
      break;
    case 1:
      window_ = 1 + random_() % 3000;
      break;
    case 2:
      window_ = 1 + random_() % 60'000;
      break;
    default:
      window_ = habits_.window;
      return;
  }
  reopen_at_ = now_ + milliseconds(1 + random_() % 2000);
}

void SackPeer::tick(Nanoseconds now) {
  now_ = now;
  if (was_reset_) return;
  if (reopen_at_.value != 0 && now >= reopen_at_) {  // the update may be lost
    reopen_at_ = {};
    window_ = habits_.window;
    send(kAck, {}, sack_option(blocks()));
  }
  if (answer_at_.value != 0 && now >= answer_at_) acknowledge();
  if (now >= resend_at_) resend();
}

}  // namespace mote::world
