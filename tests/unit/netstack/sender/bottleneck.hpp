// A bottleneck in virtual time: a rate, a delay, a queue that drops what doesn't fit, random loss;
// and flows through it whose windows and rates Congestion rules.
//
// Segments are numbers, all of one size, and never overtake each other. Loss is found when three
// later ones are acknowledged, or by a timeout; what is lost is made up for by new segments, so a
// flow is its rate and nothing else. Rate samples are draft-ietf-ccwg-bbr-06's, 4.1.2.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <queue>
#include <random>
#include <vector>

#include "kernel/time/clock.hpp"
#include "netstack/sender/congestion/congestion.hpp"

namespace mote::test {

inline constexpr std::uint32_t kMss = 1448;

struct Line {
  std::uint64_t rate = 12'500'000;            // bytes a second
  Nanoseconds round_trip = milliseconds(40);  // without a queue
  std::uint32_t queue = 500'000;              // bytes
  double loss = 0;                            // of segments, at random
  Nanoseconds ack_slot{};                     // ACKs arrive at multiples of this; zero: at once
  Nanoseconds runs_for{};                     // the senders' host, on average, before it stands
                                              // still for 10 to 50 ms; zero: it never does

  [[nodiscard]] std::uint64_t product() const {
    return rate * (round_trip.value / 1'000) / 1'000'000;
  }
};

class Flow {
 public:
  static constexpr std::uint64_t kEndless = ~std::uint64_t{0};

  netstack::Congestion congestion;
  std::uint64_t to_send = kEndless;  // bytes that the application has still to give
  std::uint64_t delivered = 0;
  std::uint64_t lost = 0;
  std::uint64_t sent = 0;
  std::uint32_t in_flight = 0;
  std::uint32_t timeouts = 0;
  std::uint32_t recoveries = 0;
  Nanoseconds last_rtt{};
  // Sees each event that Congestion is given, after it.
  std::function<void(const netstack::AckEvent&)> watch;

 private:
  friend class Bottleneck;

  struct Segment {
    std::uint64_t number = 0;
    Nanoseconds sent_at{};
    Nanoseconds first_sent_at{};
    Nanoseconds delivered_at{};
    std::uint64_t delivered = 0;
    std::uint64_t lost = 0;
    std::uint32_t in_flight = 0;
    bool is_app_limited = false;
  };

  std::deque<Segment> outstanding_;
  std::uint64_t next_number_ = 1;
  std::uint64_t recovery_end_ = 0;
  std::uint64_t app_limited_ = 0;
  std::uint64_t window_limited_ = 0;
  Nanoseconds first_sent_at_{};
  Nanoseconds delivered_at_{};
  Nanoseconds next_departure_{};
  Nanoseconds wake_at_{};
  Nanoseconds timeout_at_{};
  Nanoseconds timeout_posted_{};
  Nanoseconds least_rtt_{};
  std::uint32_t timeouts_in_a_row_ = 0;
  bool in_recovery_ = false;
};

class Bottleneck {
 public:
  explicit Bottleneck(const Line& line, std::uint32_t seed = 1) : line_(line), random_(seed) {}

  // Begins now, after a handshake.
  Flow& add(netstack::CongestionControl algorithm, std::uint64_t to_send = Flow::kEndless);
  // The application of an idle flow has more.
  void write(Flow& flow, std::uint64_t bytes);

  void run_for(Nanoseconds time);
  void change(const Line& line) { line_ = line; }

  [[nodiscard]] Nanoseconds now() const { return now_; }
  [[nodiscard]] std::uint64_t drops() const { return drops_; }
  // The mean of what segments waited in the queue, since the last call.
  [[nodiscard]] Nanoseconds mean_wait();
  [[nodiscard]] Nanoseconds queued() const;

 private:
  enum class Kind : std::uint8_t { kAck, kWake, kTimeout };
  struct Event {
    Nanoseconds at;
    std::uint64_t order;
    Flow* flow;
    Kind kind;
    std::uint64_t number;
    bool operator>(const Event& other) const {
      return at == other.at ? order > other.order : at > other.at;
    }
  };

  [[nodiscard]] Nanoseconds noticed(Nanoseconds at);
  void post(Nanoseconds at, Flow& flow, Kind kind, std::uint64_t number);
  void send(Flow& flow);
  void send_segment(Flow& flow);
  void transmit(Flow& flow, std::uint64_t number);
  void on_ack(Flow& flow, std::uint64_t number);
  std::uint32_t find_losses(Flow& flow, std::uint64_t number);
  void on_timeout(Flow& flow);
  void arm_timeout(Flow& flow);
  void post_timeout(Flow& flow);
  void on_timeout_event(Flow& flow, Nanoseconds at);
  netstack::RateSample rate_sample(Flow& flow, const Flow::Segment& segment);

  Line line_;
  std::mt19937 random_;
  Nanoseconds now_ = milliseconds(1'000);
  Nanoseconds busy_until_{};
  Nanoseconds stands_from_{};
  Nanoseconds stands_until_{};
  std::uint64_t order_ = 0;
  std::uint64_t drops_ = 0;
  std::uint64_t waits_ = 0;
  std::uint64_t waited_ = 0;
  std::vector<std::unique_ptr<Flow>> flows_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
};

}  // namespace mote::test
