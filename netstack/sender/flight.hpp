// The scoreboard: what is in flight, as ranges of sequence numbers in order (RFC 6675, 2).
//
// What is sent in one go is one range, however many segments it has. A range is split where a SACK,
// a loss or a resend meets a part of it, and joined with its neighbour once they are alike.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernel/memory/arena.hpp"
#include "kernel/time/clock.hpp"
#include "netstack/sender/sack_option.hpp"
#include "netstack/sender/sequence.hpp"

namespace mote::netstack {

// What was known when a range was sent (draft-ietf-ccwg-bbr-06, 4.1.2.2). Times are microseconds
// before the sending, which 32 bits hold for an hour.
struct DeliverySnapshot {
  std::uint32_t delivered = 0;  // bytes in all, modulo 2^32
  std::uint32_t lost = 0;       // likewise
  std::uint32_t in_flight = 0;  // bytes, those of the range included
  std::uint32_t delivered_age = 0;
  std::uint32_t first_sent_age = 0;
};

struct FlightRange {
  enum class State : std::uint8_t {
    kOut,     // sent, and nothing heard of it
    kSacked,  // the peer has it, and may yet drop it (RFC 2018, 8)
    kLost,    // to be sent again
  };

  Sequence begin;
  Sequence end;
  Nanoseconds sent_at{};
  FlightRange* next = nullptr;
  DeliverySnapshot snapshot{};
  State state = State::kOut;
  bool is_resent : 1 = false;
  bool is_app_limited : 1 = false;
  bool is_counted : 1 = false;     // counted as delivered already; its SACK was forgotten
  bool is_mixed : 1 = false;       // joined of ranges sent at different times: no measurements
  bool is_news : 1 = false;        // congestion control isn't told of its loss yet
  bool is_vague : 1 = false;       // a part is lost and a part is out; nobody knows which
  bool is_path_probe : 1 = false;  // one segment, longer than others (RFC 4821)

  [[nodiscard]] std::uint32_t bytes() const { return end - begin; }
};
static_assert(sizeof(FlightRange) == 48);

// The ranges of one connection. The first is in here, the others come from a pool that all
// connections share. Without memory, neighbours are joined and SACKs forgotten, which costs
// needless resends and nothing else.
class Flight {
 public:
  using State = FlightRange::State;

  // Memory for this many ranges beside the first ones. False: there is no room.
  [[nodiscard]] static bool set_up(Arena& arena, std::size_t count);
  [[nodiscard]] static std::size_t ranges_taken();
  // For reports.
  struct Usage {
    std::size_t ranges = 0;
    std::size_t used = 0;
    std::size_t most_used = 0;
    std::uint64_t failures = 0;  // for lack of ranges, not for having many
  };
  [[nodiscard]] static Usage usage();

  Flight() = default;
  Flight(const Flight&) = delete;
  Flight& operator=(const Flight&) = delete;

  void begin(Sequence first);
  void end();

  [[nodiscard]] Sequence acknowledged() const { return acknowledged_; }
  [[nodiscard]] Sequence sent() const { return sent_; }
  [[nodiscard]] bool is_empty() const { return count_ == 0; }
  [[nodiscard]] std::uint32_t bytes() const { return sent_ - acknowledged_; }
  [[nodiscard]] std::uint32_t sacked() const { return sacked_; }
  [[nodiscard]] std::uint32_t lost() const { return lost_; }
  // RFC 6675's pipe, by bytes.
  [[nodiscard]] std::uint32_t out() const { return bytes() - sacked_ - lost_; }
  [[nodiscard]] unsigned count() const { return count_; }
  [[nodiscard]] FlightRange* first() { return count_ == 0 ? nullptr : &first_; }
  [[nodiscard]] const FlightRange* first() const { return count_ == 0 ? nullptr : &first_; }

  // The last range; but not a FIN alone, if data before it is out: FreeBSD's SACKs, for one, leave
  // FINs out.
  [[nodiscard]] const FlightRange& tail() const;

  // Whether all in flight was sent in one go and once.
  [[nodiscard]] bool is_plain() const {
    return count_ == 1 && first_.state == State::kOut && !first_.is_resent && !first_.is_mixed &&
           !first_.is_counted;
  }

  // New data begins to fly, alone.
  void start(std::uint32_t bytes, Nanoseconds now, const DeliverySnapshot& snapshot,
             bool is_app_limited) {
    first_ = {.begin = sent_, .end = sent_ + bytes, .sent_at = now};
    first_.snapshot = snapshot;
    first_.is_app_limited = is_app_limited;
    last_ = &first_;
    sent_ = first_.end;
    count_ = 1;
  }
  // All is acknowledged, where there is only one range.
  void finish() {
    acknowledged_ = sent_;
    count_ = 0;
  }

  // New data flies behind the rest. What was sent less than `together` ago is joined with it.
  void append(std::uint32_t bytes, Nanoseconds now, Nanoseconds together,
              const DeliverySnapshot& snapshot, bool is_app_limited, bool is_path_probe = false);

  // Everything before `to` is acknowledged. `delivered(range, bytes)` is called for each part that
  // wasn't selectively acknowledged before, from the first to the last.
  template <typename Delivered>
  void acknowledge(Sequence to, Delivered&& delivered) {
    while (count_ != 0 && first_.begin.is_before(to)) {
      const Sequence end = earlier(first_.end, to);
      const std::uint32_t bytes = end - first_.begin;
      sacked_ -= first_.state == State::kSacked ? bytes : 0;
      lost_ -= first_.state == State::kLost ? bytes : 0;
      if (first_.state != State::kSacked) {
        delivered(first_, bytes, end);
      }
      first_.begin = end;
      acknowledged_ = end;
      if (first_.begin == first_.end) {
        pop();
      }
    }
  }

  // The peer has this block. `delivered` as above. Returns how many ranges were looked at: not
  // those before a block that an ACK has named before.
  template <typename Delivered>
  std::uint32_t sack(SequenceRange block, Delivered&& delivered) {
    std::uint32_t seen = 0;
    FlightRange* before = nullptr;
    FlightRange* range = mark_before(block.begin);
    for (; range != nullptr && range->begin.is_before(block.end); range = range->next) {
      ++seen;
      if (range->state != State::kSacked && range->end.is_behind(block.begin)) {
        // Where there is no memory to split it, a part of a range stays unacknowledged.
        if (range->begin.is_before(block.begin)) {
          static_cast<void>(split(*range, block.begin));
          before = range;
          continue;
        }
        if (range->end.is_behind(block.end) && !split(*range, block.end)) {
          break;
        }
        delivered(*range, range->bytes(), range->end);
        set_state(*range, State::kSacked);
      }
      range = join_sacked(before, range);
      before = range;
    }
    if (before != nullptr) {
      if (range != nullptr) {
        static_cast<void>(join_sacked(before, range));
      }
      mark(before);
    }
    return seen;
  }

  // Changes what is known of a range as a whole.
  void set_state(FlightRange& range, State state);
  // What is out of this part is lost; returns how much. Without memory to split them, whole ranges
  // are.
  std::uint32_t lose(SequenceRange part);
  // Likewise of the first range; it's news.
  std::uint32_t lose_first(std::uint32_t bytes);
  // Of all that isn't selectively acknowledged; returns how many bytes were out.
  std::uint32_t lose_all();
  // Neighbours that are lost become one, so that a peer that is gone holds no memory.
  void join_lost();
  // What was lost and not resent yet is out after all.
  void find_all();
  // RFC 2018, 8: the peer dropped what it had.
  void forget_sacks();

  // The first lost range that begins before `limit`; null: none.
  [[nodiscard]] const FlightRange* first_lost(Sequence limit);

  // Whether all that is lost is a whole path probe, which no longer counts as one then.
  [[nodiscard]] bool forgive_path_probe();

  // A part of a lost range, or of the tail, was sent again.
  void resend(SequenceRange part, Nanoseconds now, Nanoseconds together,
              const DeliverySnapshot& snapshot);

  // For tests: whether the counts agree with the ranges, and these with each other.
  [[nodiscard]] bool adds_up() const;

 private:
  [[nodiscard]] FlightRange* take();
  // What was in it is in `heir` now.
  void give_back(FlightRange* range, FlightRange* heir);
  void forget_marks();
  void pop();
  // Splits a range in two, without joining others for it. False: no memory.
  [[nodiscard]] bool split(FlightRange& range, Sequence at);
  void join_next(FlightRange& range);
  // Joins two neighbours if both are selectively acknowledged; returns the range that `range` is
  // in.
  FlightRange* join_sacked(FlightRange* before, FlightRange* range);
  // Where to begin to look for what begins at `sequence`, or to join what begins there.
  [[nodiscard]] FlightRange* mark_before(Sequence sequence);
  void mark(FlightRange* range);
  // Makes two neighbours one, so that a range becomes free. False: there is only one.
  bool coarsen();
  [[nodiscard]] FlightRange* containing(Sequence sequence, FlightRange** before);
  void become_out(FlightRange& range, Nanoseconds now, const DeliverySnapshot& snapshot);

  FlightRange first_;
  FlightRange* last_ = &first_;
  Sequence acknowledged_;
  Sequence sent_;
  std::uint32_t sacked_ = 0;
  std::uint32_t lost_ = 0;
  std::uint32_t count_ = 0;
  std::uint32_t next_mark_ = 0;
  // Where the last blocks of SACKs lie; null, or a range.
  std::array<FlightRange*, kSackBlocks> marks_{};
  // Nothing is lost up to and including this one; null: look from the first.
  FlightRange* found_ = nullptr;
};

}  // namespace mote::netstack
