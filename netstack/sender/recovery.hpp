// What is in flight, what of it is lost, and what may be sent now: loss detection and recovery,
// without a byte of data.
//
// The sender (sender.hpp) tells this what it sent and which ACKs came, and asks what to send next.
// Time is given with every call, so tests live through years in seconds.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernel/memory/arena.hpp"
#include "kernel/time/clock.hpp"
#include "netstack/sender/congestion/congestion.hpp"
#include "netstack/sender/delivery.hpp"
#include "netstack/sender/flight.hpp"
#include "netstack/sender/pace.hpp"
#include "netstack/sender/prr.hpp"
#include "netstack/sender/rack.hpp"
#include "netstack/sender/rtt.hpp"
#include "netstack/sender/sequence.hpp"

namespace mote::netstack {

// What the sender has, and what its peer and its device admit.
struct SendLimits {
  Sequence written;                  // the end of the queue (a FIN counts as one)
  Sequence window_edge;              // the end of the peer's window
  std::uint32_t largest_window = 0;  // the largest that the peer ever had (RFC 9293, 3.8.6.2.1)
  std::uint32_t longest = 0;  // bytes of the longest segment that the device takes: a multiple of
                              // the MSS, at least one
};

// What to send now.
struct NextSegment {
  enum class Kind : std::uint8_t {
    kNone,    // nothing: wait for an ACK, a window, more data, or until `deadline`
    kNew,     // data not sent before: begins at the end of what was sent
    kResend,  // data sent before
    kProbe,   // a segment without data below the window, which makes the peer tell its window
  };
  Kind kind = Kind::kNone;
  SequenceRange range{};
  bool is_path_probe = false;  // the sender's, longer than the MSS, and not to be cut
};

// What an ACK brought.
struct AckResult {
  std::uint32_t acknowledged = 0;  // bytes by which the first unacknowledged byte moved
  bool is_believed = true;         // false: it acknowledges what was never sent
};

class Recovery {
 public:
  // Memory for the ranges of all connections, beside the one that each has itself. Once, at boot.
  [[nodiscard]] static bool set_up(Arena& arena, std::size_t ranges) {
    return Flight::set_up(arena, ranges);
  }

  // A connection is established; the next byte sent is `first`. `rtt`: the handshake's, or zero.
  void begin(Nanoseconds now, Sequence first, std::uint32_t mss, bool peer_sends_sack,
             Nanoseconds rtt);
  // Gives back the memory of ranges. Call at the connection's end.
  void end() { flight_.end(); }

  // Segments have at most this payload from now on.
  void set_mss(std::uint32_t mss);
  [[nodiscard]] std::uint32_t mss() const { return mss_; }
  // A router's word: what is in flight in segments longer than the MSS is lost, not by congestion
  // (RFC 1191, 6.3). Call after set_mss; then `next` has it.
  void resend_long_segments();

  // An ACK that TCP accepted. `sacks`: its SACK option's blocks, in order (RFC 2018), at most four.
  // `carries_data`: the segment has text too; `window_edge` may have changed by it.
  [[nodiscard]] AckResult on_ack(Nanoseconds now, Sequence acknowledgement,
                                 std::span<const SequenceRange> sacks, const SendLimits& limits,
                                 bool carries_data, bool has_ece) {
    if (is_calm_ack(acknowledgement, sacks, has_ece)) [[likely]] {
      return on_calm_ack(now);
    }
    return on_any_ack(now, acknowledgement, sacks, limits, carries_data, has_ece);
  }
  // Its short way, which asks for no limits: an ACK of all that flies, on a calm connection.
  [[nodiscard]] bool is_calm_ack(Sequence acknowledgement, std::span<const SequenceRange> sacks,
                                 bool has_ece) const {
    return is_calm_ && sacks.empty() && !has_ece && flight_.is_plain() &&
           acknowledgement == flight_.sent();
  }
  [[gnu::always_inline]] AckResult on_calm_ack(Nanoseconds now) {
    const FlightRange& range = *flight_.first();
    const std::uint32_t bytes = range.bytes();
    const Nanoseconds trip = now - range.sent_at;
    round_trip_.add(now, trip, trip);
    delivery_.on_delivered(now, bytes);
    flight_.finish();
    timer_ = Timer::kNone;
    timer_at_ = kNever;
    return {.acknowledged = bytes};
  }
  // And its long way.
  [[nodiscard]] AckResult on_any_ack(Nanoseconds now, Sequence acknowledgement,
                                     std::span<const SequenceRange> sacks, const SendLimits& limits,
                                     bool carries_data, bool has_ece);

  // The segment to send now.
  [[nodiscard]] NextSegment next(Nanoseconds now, const SendLimits& limits);

  // A segment that `next` named was given to the device. Its range may be shorter.
  void note_sent(Nanoseconds now, const NextSegment& segment, const SendLimits& limits) {
    const std::uint32_t bytes = segment.range.bytes();
    if (is_calm_ && flight_.is_empty() && segment.kind == NextSegment::Kind::kNew && bytes <= mss_)
        [[likely]] {
      note_calm_sent(now, bytes, delivery_.is_app_limited() || segment.range.end == limits.written);
      return;
    }
    note_any_sent(now, segment, limits);
  }

  // The short way of one reply: an ACK of everything sent, and then one segment alone. Both are as
  // on_ack and note_sent would have it, on a connection where `is_calm_until` the ACK.
  [[nodiscard, gnu::always_inline]] bool is_calm_until(Sequence acknowledgement) const {
    return is_calm_ && flight_.sent() == acknowledgement &&
           (flight_.is_empty() || flight_.is_plain());
  }
  [[gnu::always_inline]] void take_calm_ack(Nanoseconds now) {
    if (!flight_.is_empty()) {
      on_calm_ack(now);
    }
  }
  [[gnu::always_inline]] void note_calm_sent(Nanoseconds now, std::uint32_t bytes,
                                             bool is_app_limited) {
    flight_.start(bytes, now, delivery_.on_send_alone(now, bytes), is_app_limited);
    free_until_ = flight_.sent();
    arm(Timer::kTail, now + round_trip_.timeout_within(kWorstDelayedAck));
  }

  // When to call on_deadline; kNever: not at all.
  static constexpr Nanoseconds kNever{~std::uint64_t{0}};
  [[nodiscard]] Nanoseconds deadline() const {
    return pace_.is_shut() ? std::min(timer_at_, pace_.opens_at()) : timer_at_;
  }

  // A deadline passed (or one may have): finds losses by time (RACK), prepares a tail loss probe,
  // counts a timeout, ends a pacing gap, probes a shut window. Then `next` may have something.
  // False: the peer hasn't answered for so long that the connection must be given up
  // (RFC 9293, 3.8.3, R2).
  [[nodiscard]] bool on_deadline(Nanoseconds now);

  [[nodiscard]] Sequence acknowledged() const { return flight_.acknowledged(); }  // SND.UNA
  // SND.NXT: the end of what was ever sent.
  [[nodiscard]] Sequence sent() const { return flight_.sent(); }
  // RFC 6675's pipe.
  [[nodiscard]] std::uint32_t in_flight() const {
    return flight_.out() - std::min(presumed_, flight_.out());
  }
  // Whether `next` has nothing to send before something happens: no more is written than was sent,
  // and nothing is lost or due.
  [[nodiscard]] bool is_satisfied(Sequence written) const {
    return is_calm_ && written == flight_.sent() && flight_.lost() == 0;
  }
  // Timeouts in a row, without an answer between.
  [[nodiscard]] unsigned timeouts() const { return flight_.is_empty() ? 0 : tries_; }
  [[nodiscard]] bool is_open() const { return phase_ == Phase::kOpen; }
  // The next segment of new data carries CWR (RFC 3168, 6.1.2).
  [[nodiscard]] bool owes_cwr() const { return owes_cwr_; }

  [[nodiscard]] const Flight& flight() const { return flight_; }
  [[nodiscard]] const RoundTrip& round_trip() const { return round_trip_; }
  [[nodiscard]] const Congestion& congestion() const { return congestion_; }

  // Given up after so many timeouts or unanswered probes, or so long after the first of them.
  static constexpr unsigned kMostTries = 15;
  static constexpr Nanoseconds kPatience = milliseconds(13 * 60 * 1000);

 private:
  enum class Phase : std::uint8_t {
    kOpen,      // nothing is lost
    kMarked,    // nothing is lost, but the window is being reduced for ECE; until as much is
                // acknowledged as for kRecovery
    kRecovery,  // until all that was sent before the first loss is acknowledged
    kTimeout,   // likewise, after a timeout
  };
  enum class Timer : std::uint8_t {
    kNone,
    kReorder,  // RACK's
    kTail,     // a tail loss probe (RFC 8985, 7)
    kTimeout,  // RFC 6298's
    kPersist,  // the peer's window is shut (RFC 9293, 3.8.6.1)
    kSmall,    // the peer's window is too small for good segments (RFC 9293, 3.8.6.2.1)
  };
  // Forward RTO recovery (RFC 5682): is the timeout spurious?
  enum class Doubt : std::uint8_t {
    kNone,
    kFirst,   // the first segment was resent: its ACK is awaited
    kSecond,  // it came; new data is sent instead of resends, and the next ACK tells
  };
  // What an ACK brings, as far as is known.
  struct Arrival;

  void note_any_sent(Nanoseconds now, const NextSegment& segment, const SendLimits& limits);

  // recovery_ack.cpp
  void take_in(Arrival& arrival, std::span<const SequenceRange> sacks);
  void note_duplicates(Arrival& arrival, std::span<const SequenceRange> sacks);
  void measure(Arrival& arrival);
  void find_losses(Arrival& arrival);
  void check_tail_probe(const Arrival& arrival);
  void change_phase(Arrival& arrival);
  void doubt_timeout(const Arrival& arrival);
  void tell_losses(Nanoseconds now);
  void tell_congestion(const Arrival& arrival);
  void owe_cwr() {
    owes_cwr_ = is_cwr_awaited_ = true;
    cwr_point_ = flight_.sent();
  }
  [[nodiscard]] bool is_lossless() const {
    return phase_ == Phase::kOpen || phase_ == Phase::kMarked;
  }
  // Whether proportional rate reduction rules the window: always for CUBIC. BBR's window and pace
  // are for what its model knows; while less than an initial window flies, ACKs clock resends, or
  // one burst of them would overflow a short queue again.
  [[nodiscard]] bool is_reducing() const {
    return (phase_ == Phase::kRecovery || phase_ == Phase::kMarked) &&
           (congestion_.recovery_window() != 0 ||
            (phase_ == Phase::kRecovery && reduced_window_ < Congestion::initial_window(mss_)));
  }
  void reduce(std::uint32_t newly_delivered, bool is_safe);
  void enter_recovery(Nanoseconds now, std::uint32_t in_flight, std::uint32_t lost, bool may_undo);
  void leave_recovery(Nanoseconds now);
  void undo(Nanoseconds now);
  void detect_by_time(Nanoseconds now, std::uint32_t& lost);

  // recovery_no_sack.cpp
  void presume(Arrival& arrival, bool is_duplicate);
  void note_duplicate(Arrival& arrival);
  void note_advance(Arrival& arrival);
  void lose_next(std::uint32_t bytes);

  // recovery_send.cpp
  [[nodiscard]] std::uint32_t window() const;
  [[nodiscard]] NextSegment tail_probe(const SendLimits& limits) const;
  [[nodiscard]] NextSegment candidate(const SendLimits& limits);
  [[nodiscard]] bool is_silly(std::uint32_t bytes, const SendLimits& limits) const;
  [[nodiscard]] bool is_paced(NextSegment::Kind kind, Sequence end) const;
  [[nodiscard]] std::uint32_t least_burst(std::uint64_t rate, std::uint32_t longest) const;
  [[nodiscard]] NextSegment nothing(Nanoseconds now, const SendLimits& limits);
  [[nodiscard]] Nanoseconds together() const;
  void cool_down();
  void warm_up(Nanoseconds now);
  void outgrow_calm(Nanoseconds now);
  void rest(const Arrival& arrival);

  // recovery_timers.cpp
  [[nodiscard]] bool on_timeout(Nanoseconds now);
  void arm(Nanoseconds now);
  void arm(Timer timer, Nanoseconds at) {
    timer_ = timer;
    timer_at_ = at;
  }
  [[nodiscard]] bool may_probe_tail() const;
  // Something is in flight, and no timer waits for it: what was undone, or what the peer dropped,
  // is out again while its shut window is probed.
  [[nodiscard]] bool is_forsaken() const {
    return timer_ == Timer::kNone ||
           (flight_.out() != 0 && (timer_ == Timer::kPersist || timer_ == Timer::kSmall));
  }
  // RFC 6582, 3.2, step 3, and 4: without SACK, of a recovery's partial ACKs only the first starts
  // the timer anew, and those that show that more arrived than was resent. Where much was lost in
  // one piece, or thrown away by the peer, slow start from there is quicker than a segment a round
  // trip, beside which new data goes to waste.
  [[nodiscard]] bool is_impatient() const {
    return !peer_sends_sack_ && phase_ == Phase::kRecovery && has_partial_ack_;
  }
  [[nodiscard]] bool is_given_up(Nanoseconds now) const;
  // 7.2: PTO. One segment's ACK may be delayed.
  [[nodiscard]] Nanoseconds tail_patience(bool is_one_segment) const {
    if (!round_trip_.is_known()) {
      return RoundTrip::kFirstTimeout;
    }
    const std::uint64_t slack = is_one_segment ? kWorstDelayedAck.value : kTailSlack.value;
    return {2 * round_trip_.smoothed().value + slack};
  }

  // RFC 5681, 3.2, and RFC 6675, 2.
  static constexpr unsigned kDupThresh = 3;
  static constexpr Nanoseconds kWorstDelayedAck = milliseconds(200);
  // ... and the ACK of several may wait for the peer's scheduler.
  static constexpr Nanoseconds kTailSlack = milliseconds(5);
  // Slow start's first three flights aren't paced: they follow the ACKs, and a short reply would
  // take a round trip longer.
  static constexpr std::uint32_t kUnpacedWindows = 1 + 2 + 4;
  static constexpr Nanoseconds kSmallWindowPatience = milliseconds(200);

  Flight flight_;
  RoundTrip round_trip_;
  Delivery delivery_;
  Rack rack_;
  Pace pace_;
  ProportionalReduction reduction_;
  Congestion congestion_;

  Nanoseconds timer_at_ = kNever;
  Nanoseconds quiet_since_{};  // the first timeout or probe since the peer was heard
  std::uint32_t mss_ = 0;
  std::uint32_t reduced_window_ = 0;  // of proportional rate reduction
  Sequence recovery_point_;           // RFC 6675's RecoveryPoint, RFC 6582's recover
  Sequence undo_begin_;               // what was resent by a recovery lies from here ...
  Sequence undo_end_;                 // ... to the recovery point; it may be undone until this
  std::uint32_t undo_bytes_ = 0;      // of these, resent and not reported as needless
  Sequence resent_to_;                // without SACK: the end of what a recovery has resent
  Sequence cwr_point_;                // while ECE is old
  Sequence tail_end_;                 // TLP.end_seq
  Sequence free_until_;               // not paced up to here
  Sequence full_until_;               // the window was full until this is acknowledged
  Sequence last_edge_;                // the peer's window, by the last ACK
  std::uint32_t presumed_ = 0;     // bytes that duplicate ACKs stand for, from a peer without SACK
  std::uint32_t late_losses_ = 0;  // found by the timer, not told to congestion control yet
  std::uint8_t duplicates_ = 0;    // ACKs in a row
  std::uint8_t tries_ = 0;         // timeouts or unanswered probes in a row
  std::uint8_t doublings_ = 0;     // of the timeout
  Timer timer_ = Timer::kNone;
  Phase phase_ = Phase::kOpen;
  Doubt doubt_ = Doubt::kNone;
  // On a calm connection nothing happens that congestion control should know: since all was
  // acknowledged last, no more than the initial window was in flight, and nothing was lost.
  bool is_calm_ : 1 = false;
  bool is_warm_ : 1 = false;        // congestion control is fed
  bool has_been_warm_ : 1 = false;  // it has begun
  bool peer_sends_sack_ : 1 = false;
  bool may_undo_ : 1 = false;
  bool has_resent_ : 1 = false;        // since undo_begin_ was set
  bool has_partial_ack_ : 1 = false;   // since the recovery began, or an ACK skipped something
  bool is_probing_holes_ : 1 = false;  // after a timeout, without SACK: not all was lost
  bool is_tail_due_ : 1 = false;
  bool is_tail_out_ : 1 = false;
  bool is_tail_resend_ : 1 = false;
  bool is_probe_due_ : 1 = false;
  bool is_small_due_ : 1 = false;
  bool was_full_ : 1 = false;
  bool owes_cwr_ : 1 = false;
  // The window was reduced; ECE tells nothing new before something is acknowledged that was sent
  // afterwards (RFC 3168, 6.1.2).
  bool is_cwr_awaited_ : 1 = false;
};

}  // namespace mote::netstack
