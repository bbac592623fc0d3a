// One way of a long line, in virtual time: what becomes of each frame, and when it comes out.
//
// A frame waits in a drop-tail queue for the bottleneck, then travels; there it may be lost, alone
// or in a burst (Gilbert and Elliott's two states), be overtaken, or arrive twice. Whether it is
// depends only on the seed and on how many frames came before it, never on the clock, so that every
// sender meets the same misfortunes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <queue>
#include <span>
#include <vector>

namespace bench {

using Nanoseconds = std::uint64_t;

// The settings of one way. Odds are between 0 and 1.
struct Line {
  Nanoseconds delay = 0;
  std::uint64_t mbit = 0;         // the bottleneck's rate in Mbit/s; 0: none, and no queue
  std::uint64_t queue_bytes = 0;  // what may wait, the frame on its way out included
  std::uint64_t mark_bytes = 0;   // ECN: a frame behind more than this is marked; 0: none is
  double loss = 0;
  double burst_start = 0;   // for each frame that a burst of loss begins with it
  double burst_frames = 1;  // such a burst's length in the mean
  double reorder = 0;
  Nanoseconds reorder_delay = 0;
  double duplicate = 0;
  std::uint64_t seed = 1;
};

// What became of the frames, and how long the bottleneck made them wait.
struct Counts {
  std::uint64_t frames = 0;
  std::uint64_t bytes = 0;
  std::uint64_t lost = 0;
  std::uint64_t dropped = 0;
  std::uint64_t reordered = 0;
  std::uint64_t duplicated = 0;
  Nanoseconds waited = 0;
  Nanoseconds waited_most = 0;

  [[nodiscard]] Nanoseconds mean_wait() const {
    const std::uint64_t queued = frames - dropped;
    return queued == 0 ? 0 : waited / queued;
  }
};

enum class Fate : std::uint8_t { kCarried, kLost, kDropped };

struct Journey {
  Fate fate = Fate::kDropped;
  unsigned copies = 0;
  bool marked = false;
  Nanoseconds due = 0;
};

class Way {
 public:
  explicit Way(const Line& line) : line_(line) {}

  // A frame enters; the times of entries never decrease.
  Journey enter(Nanoseconds now, std::uint64_t bytes) {
    const std::uint64_t number = counts_.frames++;
    counts_.bytes += bytes;
    const bool lost = is_lost(number);
    const Nanoseconds wait = busy_until_ > now ? busy_until_ - now : 0;
    const std::uint64_t ahead = line_.mbit == 0 ? 0 : wait * line_.mbit / kBitsPerByteMicro;
    if (ahead > 0 && ahead + bytes > line_.queue_bytes) {
      ++counts_.dropped;
      return {};
    }
    note_wait(wait);
    const Nanoseconds transmission = line_.mbit == 0 ? 0 : bytes * kBitsPerByteMicro / line_.mbit;
    busy_until_ = now + wait + transmission;
    if (lost) {
      ++counts_.lost;
      return {.fate = Fate::kLost};
    }
    return travel(number, ahead);
  }

  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  // A rate of 1 Mbit/s takes 8,000 ns for a byte.
  static constexpr std::uint64_t kBitsPerByteMicro = 8000;

  enum class Chance : std::uint8_t { kLoss, kBurst, kReorder, kDuplicate };

  // A number in [0, 1) for the nth frame: SplitMix64 (Steele, Lea, Flood 2014), by position.
  [[nodiscard]] double draw(Chance chance, std::uint64_t number) const {
    std::uint64_t z = (line_.seed * 4 + static_cast<std::uint64_t>(chance)) << 40;
    z = (z + number + 1) * 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
  }

  // Bursts go on over every frame that enters, also over those that the queue has no room for.
  bool is_lost(std::uint64_t number) {
    const double changes = in_burst_ ? 1 / line_.burst_frames : line_.burst_start;
    if (draw(Chance::kBurst, number) < changes) {
      in_burst_ = !in_burst_;
    }
    return in_burst_ || draw(Chance::kLoss, number) < line_.loss;
  }

  void note_wait(Nanoseconds wait) {
    counts_.waited += wait;
    counts_.waited_most = std::max(counts_.waited_most, wait);
  }

  Journey travel(std::uint64_t number, std::uint64_t ahead) {
    Journey made{.fate = Fate::kCarried, .copies = 1, .due = busy_until_ + line_.delay};
    if (draw(Chance::kReorder, number) < line_.reorder) {
      ++counts_.reordered;
      made.due += line_.reorder_delay;
    }
    if (draw(Chance::kDuplicate, number) < line_.duplicate) {
      ++counts_.duplicated;
      made.copies = 2;
    }
    made.marked = line_.mark_bytes > 0 && ahead > line_.mark_bytes;
    return made;
  }

  Line line_;
  Counts counts_;
  Nanoseconds busy_until_ = 0;  // when the bottleneck has sent all that waits
  bool in_burst_ = false;
};

// What is on its way, by the time when it is due; of equal times, first come first out.
class Travellers {
 public:
  void add(Nanoseconds due, std::uint32_t slot) { waiting_.push({due, next_++, slot}); }
  [[nodiscard]] bool empty() const { return waiting_.empty(); }
  [[nodiscard]] Nanoseconds next_due() const { return waiting_.top().due; }

  std::uint32_t take() {
    const std::uint32_t slot = waiting_.top().slot;
    waiting_.pop();
    return slot;
  }

 private:
  struct Traveller {
    Nanoseconds due;
    std::uint64_t order;
    std::uint32_t slot;
    auto operator<=>(const Traveller&) const = default;
  };

  std::priority_queue<Traveller, std::vector<Traveller>, std::greater<>> waiting_;
  std::uint64_t next_ = 0;
};

// Marks a frame of IPv4 that says its ends know ECN (RFC 3168, section 5); false for others. The
// header's sum follows by RFC 1624.
inline bool mark_congestion(std::span<std::uint8_t> frame) {
  constexpr std::size_t kType = 12;
  constexpr std::size_t kService = 15;
  constexpr std::size_t kSum = 24;
  constexpr std::uint8_t kExperienced = 3;
  if (frame.size() < 34 || frame[kType] != 8 || frame[kType + 1] != 0) {
    return false;
  }
  const std::uint8_t was = frame[kService] & kExperienced;
  if (was == 0) {
    return false;
  }
  const unsigned more = kExperienced - was;  // the word grows by this, its sum's complement shrinks
  frame[kService] |= kExperienced;
  unsigned sum = static_cast<unsigned>(frame[kSum] << 8 | frame[kSum + 1]);
  sum = ~sum & 0xFFFF;
  sum += more;
  sum = (sum & 0xFFFF) + (sum >> 16);
  sum = ~sum & 0xFFFF;
  frame[kSum] = static_cast<std::uint8_t>(sum >> 8);
  frame[kSum + 1] = static_cast<std::uint8_t>(sum);
  return true;
}

}  // namespace bench
