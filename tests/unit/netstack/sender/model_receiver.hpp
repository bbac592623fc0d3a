// A TCP receiver as a model: what it has, which ACKs it sends, and its bad habits.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <vector>

#include "kernel/time/clock.hpp"

namespace mote::model {

struct Habits {
  bool sends_sack = true;
  bool sends_dsack = true;
  unsigned sack_blocks = 3;
  unsigned ack_every = 2;  // segments
  Nanoseconds delayed_ack = milliseconds(200);
  std::uint64_t buffer = 1 << 20;
  double reneges = 0;           // chance for each segment that all out of order is dropped
  double optimistic = 0;        // chance for each ACK that it is for what may not have come
  double shuts = 0;             // chance for each ACK that the window shuts for a while
  bool shrinks_window = false;  // moves its edge back
  bool is_tiny = false;         // opens the window by few bytes at a time
};

// Offsets from the connection's first byte.
struct Ack {
  std::uint64_t acknowledged = 0;
  std::uint64_t edge = 0;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> sacks;
};

class Receiver {
 public:
  Receiver(const Habits& habits, std::mt19937& random) : habits_(habits), random_(random) {}

  // A segment came; an ACK may go out at once.
  std::optional<Ack> on_segment(Nanoseconds now, std::uint64_t begin, std::uint64_t end) {
    if (end > edge_) {
      end = std::max(begin, edge_);
    }
    if (begin == end) {
      return ack(now);
    }
    if (chance(habits_.reneges)) {
      held_.clear();
      recent_.clear();
    }
    const bool is_duplicate = end <= next_ || is_held(begin, end);
    const bool is_in_order = begin <= next_ && held_.empty() && end > next_;
    if (is_duplicate) {
      twice_ = {begin, end};
    } else {
      take(begin, end);
    }
    if (is_in_order && ++unacknowledged_ < habits_.ack_every) {
      ack_at_ = ack_at_ ? ack_at_ : std::optional(now + habits_.delayed_ack);
      return std::nullopt;
    }
    return ack(now);
  }

  // A probe below the window.
  Ack on_probe(Nanoseconds now) { return ack(now); }

  [[nodiscard]] std::optional<Nanoseconds> deadline() const {
    return ack_at_ && opens_at_ ? std::min(ack_at_, opens_at_) : ack_at_ ? ack_at_ : opens_at_;
  }
  std::optional<Ack> on_deadline(Nanoseconds now) {
    if (opens_at_ && *opens_at_ <= now) {
      opens_at_.reset();
      return ack(now);  // may be lost, for which there are probes
    }
    if (ack_at_ && *ack_at_ <= now) {
      return ack(now);
    }
    return std::nullopt;
  }

  [[nodiscard]] std::uint64_t next() const { return next_; }
  void be_optimistic_until(std::uint64_t sent) { sent_ = sent; }
  [[nodiscard]] std::uint64_t edge() const { return edge_; }

 private:
  bool chance(double p) { return p > 0 && std::uniform_real_distribution<>(0, 1)(random_) < p; }

  [[nodiscard]] bool is_held(std::uint64_t begin, std::uint64_t end) const {
    auto after = held_.upper_bound(begin);
    return after != held_.begin() && std::prev(after)->second >= end;
  }

  void take(std::uint64_t begin, std::uint64_t end) {
    begin = std::max(begin, next_);
    auto at = held_.upper_bound(begin);
    if (at != held_.begin() && std::prev(at)->second >= begin) {
      --at;
    }
    while (at != held_.end() && at->first <= end) {
      begin = std::min(begin, at->first);
      end = std::max(end, at->second);
      at = held_.erase(at);
    }
    held_[begin] = end;
    recent_.insert(recent_.begin(), begin);
    recent_.resize(std::min<std::size_t>(recent_.size(), 16));
    pass();
  }

  void pass() {
    while (!held_.empty() && held_.begin()->first <= next_) {
      next_ = std::max(next_, held_.begin()->second);
      held_.erase(held_.begin());
    }
  }

  std::uint64_t window(Nanoseconds now) {
    if (opens_at_ && *opens_at_ > now) {
      return habits_.shrinks_window ? 0 : std::max(edge_, next_) - next_;
    }
    if (chance(habits_.shuts)) {
      opens_at_ = now + milliseconds(random_() % 3000 + 1);
      return habits_.shrinks_window ? 0 : std::max(edge_, next_) - next_;
    }
    return habits_.is_tiny ? random_() % 3000 : habits_.buffer;
  }

  Ack ack(Nanoseconds now) {
    unacknowledged_ = 0;
    ack_at_.reset();
    if (chance(habits_.optimistic) && sent_ > next_) {
      next_ += random_() % (sent_ - next_) + 1;  // whatever that was is gone
      held_.erase(held_.begin(), held_.lower_bound(next_));
      pass();
    }
    const std::uint64_t wanted = next_ + window(now);
    edge_ = habits_.shrinks_window ? wanted : std::max(edge_, wanted);
    Ack ack{.acknowledged = next_, .edge = edge_, .sacks = {}};
    if (!habits_.sends_sack) {
      return ack;
    }
    if (twice_ && habits_.sends_dsack) {
      ack.sacks.push_back(*twice_);
    }
    twice_.reset();
    for (const std::uint64_t at : recent_) {
      auto block = held_.upper_bound(at);
      if (block == held_.begin() || (--block)->second <= at ||
          std::ranges::find(ack.sacks, std::pair(block->first, block->second)) != ack.sacks.end()) {
        continue;
      }
      if (ack.sacks.size() < habits_.sack_blocks) {
        ack.sacks.emplace_back(block->first, block->second);
      }
    }
    return ack;
  }

  Habits habits_;
  std::mt19937& random_;
  std::uint64_t next_ = 0;
  std::uint64_t edge_ = 1 << 16;
  std::uint64_t sent_ = 0;
  std::map<std::uint64_t, std::uint64_t> held_;
  std::vector<std::uint64_t> recent_;
  std::optional<std::pair<std::uint64_t, std::uint64_t>> twice_;
  unsigned unacknowledged_ = 0;
  std::optional<Nanoseconds> ack_at_;
  std::optional<Nanoseconds> opens_at_;
};

}  // namespace mote::model
