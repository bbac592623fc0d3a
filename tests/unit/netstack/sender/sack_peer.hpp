// The far end of a download: a client whose TCP has the habits of one system or another, or bad
// ones. It acknowledges selectively (RFC 2018), duplicates included (RFC 2883).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <random>
#include <vector>

#include "tests/unit/netstack/sender/segment.hpp"
#include "tests/unit/netstack/world.hpp"

namespace mote::world {

struct Habits {
  std::uint16_t mss = 1460;
  int scale = 7;  // below 0: none
  bool sack = true;
  bool duplicate_sack = true;
  bool sacks_fin = true;    // of a FIN without data before it, too: Linux does, FreeBSD doesn't
  bool timestamps = false;  // offered; the machine doesn't want them
  std::uint32_t window = 4'000'000;

  // When segments in order are acknowledged: every so many of them, or after this time.
  unsigned acknowledge_every = 2;
  Nanoseconds delayed_ack = milliseconds(40);

  // The chance, with each segment, that it throws away what came out of order (RFC 2018, 8).
  double reneging = 0;
  // The chance, with each ACK, that it acknowledges what was never sent (RFC 5961, 5.2).
  double overclaiming = 0;
  // The chance, with each ACK, that its window changes: to nothing, to little, or back; and whether
  // its right edge may move to the left (RFC 9293, 3.8.6).
  double window_games = 0;
  bool shrinks = false;
};

class SackPeer {
 public:
  SackPeer(std::uint16_t port, std::uint16_t service, const Habits& habits, unsigned seed = 1);

  void connect();
  void request(const Bytes& bytes);  // until it is acknowledged
  void close();
  void reset();

  void receive(const Bytes& frame);
  void tick(Nanoseconds now);

  [[nodiscard]] bool is_established() const { return is_established_; }
  [[nodiscard]] bool was_reset() const { return was_reset_; }
  [[nodiscard]] bool is_finished() const { return is_finished_; }     // a FIN, and all before it
  [[nodiscard]] const Bytes& body() const { return body_; }           // what came in order
  [[nodiscard]] std::uint64_t segments() const { return segments_; }  // with data, in all
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }        // duplicates included
  [[nodiscard]] std::uint64_t thrown_away() const { return thrown_away_; }  // bytes
  [[nodiscard]] std::uint64_t refused() const { return refused_; }  // segments, by the window
  [[nodiscard]] std::uint16_t port() const { return port_; }

  std::deque<Bytes> outgoing;  // frames for the network

 private:
  void accept(const Segment& segment);
  bool is_seen(Range range);
  void store(const Segment& segment, std::uint32_t begin);
  void take_in_order();
  void acknowledge();
  void play_with_window();
  void send(unsigned flags, const Bytes& payload = {}, const Bytes& options = {});
  void send_at(std::uint32_t sequence, std::uint32_t acknowledgement, unsigned flags,
               const Bytes& payload, const Bytes& options);
  void resend();
  [[nodiscard]] std::vector<Range> blocks();
  [[nodiscard]] bool happens(double chance);
  [[nodiscard]] std::uint32_t next() const {  // what it expects
    return their_isn_ + 1 + static_cast<std::uint32_t>(body_.size()) + (is_finished_ ? 1 : 0);
  }

  [[nodiscard]] bool has_early_fin() const { return fin_at_ > next() - their_isn_; }

  Habits habits_;
  std::uint16_t port_;
  std::uint16_t service_;
  std::mt19937 random_;
  Nanoseconds now_{};

  // Sending.
  std::uint32_t sequence_ = 70'000;  // of the next byte
  Bytes unacknowledged_;
  bool awaits_syn_ack_ = false;
  Nanoseconds resend_at_{};
  Nanoseconds patience_ = milliseconds(250);

  // Receiving. What came out of order is kept by its distance from their_isn_.
  std::uint32_t their_isn_ = 0;
  bool is_established_ = false;
  bool was_reset_ = false;
  bool is_finished_ = false;
  Bytes body_;
  std::map<std::uint32_t, Bytes> early_;  // apart from each other
  std::uint32_t fin_at_ = 0;              // likewise, where its byte would be; 0: not seen
  std::deque<std::uint32_t> recent_;      // beginnings of what came last, the latest first
  Range duplicate_{};
  unsigned unanswered_ = 0;
  Nanoseconds answer_at_{};
  std::uint32_t window_;
  std::uint32_t edge_ = 0;  // the right edge of the window offered, by the same distance
  Nanoseconds reopen_at_{};
  std::uint64_t segments_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t thrown_away_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace mote::world
