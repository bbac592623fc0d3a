// The bottleneck's clock, its queue, and the senders before it.
#include "tests/unit/netstack/sender/bottleneck.hpp"

#include <algorithm>

namespace mote::test {

using netstack::AckEvent;
using netstack::Congestion;
using netstack::LostRange;
using netstack::RateSample;

namespace {
constexpr std::uint64_t kSecond = 1'000'000'000;
}  // namespace

Flow& Bottleneck::add(netstack::CongestionControl algorithm, std::uint64_t to_send) {
  netstack::choose_congestion_control(algorithm);
  flows_.push_back(std::make_unique<Flow>());
  Flow& flow = *flows_.back();
  flow.congestion.begin(now_, kMss, line_.round_trip);
  flow.to_send = to_send;
  flow.first_sent_at_ = flow.delivered_at_ = now_;
  flow.least_rtt_ = line_.round_trip;
  send(flow);
  return flow;
}

void Bottleneck::write(Flow& flow, std::uint64_t bytes) {
  flow.to_send += bytes;
  send(flow);
}

void Bottleneck::post(Nanoseconds at, Flow& flow, Kind kind, std::uint64_t number) {
  events_.push({at, ++order_, &flow, kind, number});
}

// When the senders' host gets to what happened then.
Nanoseconds Bottleneck::noticed(Nanoseconds at) {
  if (line_.runs_for.value == 0) return at;
  const auto random = [this](Nanoseconds least, Nanoseconds most) {
    return Nanoseconds{std::uniform_int_distribution(least.value, most.value)(random_)};
  };
  while (at >= stands_until_) {
    stands_from_ = std::max(now_, stands_until_) + random({}, {2 * line_.runs_for.value});
    stands_until_ = stands_from_ + random(milliseconds(10), milliseconds(50));
  }
  return at > stands_from_ ? stands_until_ : at;
}

void Bottleneck::run_for(Nanoseconds time) {
  const Nanoseconds end = now_ + time;
  while (!events_.empty() && events_.top().at <= end) {
    const Event event = events_.top();
    events_.pop();
    now_ = noticed(event.at);
    if (event.kind == Kind::kAck) {
      on_ack(*event.flow, event.number);
      send(*event.flow);
    } else if (event.kind == Kind::kWake && event.flow->wake_at_ == event.at) {
      send(*event.flow);
    } else if (event.kind == Kind::kTimeout && event.flow->timeout_posted_ == event.at) {
      event.flow->timeout_posted_ = {};
      on_timeout_event(*event.flow, event.at);
    }
  }
  now_ = std::max(now_, end);
}

Nanoseconds Bottleneck::queued() const {
  return busy_until_ > now_ ? busy_until_ - now_ : Nanoseconds{};
}

Nanoseconds Bottleneck::mean_wait() {
  const Nanoseconds mean{waits_ == 0 ? 0 : waited_ / waits_};
  waits_ = waited_ = 0;
  return mean;
}

// --- Sending ---

void Bottleneck::send(Flow& flow) {
  const bool was_idle = flow.in_flight == 0;
  while (flow.to_send >= kMss) {
    if (flow.in_flight + kMss > std::max(flow.congestion.window(), kMss)) {
      flow.window_limited_ = flow.delivered + flow.in_flight;
      return;
    }
    if (was_idle && flow.in_flight == 0) {
      flow.congestion.on_send(now_, 0, flow.app_limited_ != 0);
    }
    const std::uint64_t rate = flow.congestion.pacing_rate();
    if (rate != 0 && flow.next_departure_ > now_) {
      flow.wake_at_ = flow.next_departure_;
      post(flow.wake_at_, flow, Kind::kWake, 0);
      return;
    }
    send_segment(flow);
    if (rate != 0) {
      flow.next_departure_ =
          std::max(flow.next_departure_, now_) + Nanoseconds{kMss * kSecond / rate};
    }
  }
  flow.app_limited_ = std::max<std::uint64_t>(flow.delivered + flow.in_flight, 1);
}

void Bottleneck::send_segment(Flow& flow) {
  if (flow.in_flight == 0) flow.first_sent_at_ = flow.delivered_at_ = now_;
  if (flow.to_send != Flow::kEndless) flow.to_send -= kMss;
  flow.in_flight += kMss;
  flow.sent += kMss;
  flow.outstanding_.push_back({flow.next_number_, now_, flow.first_sent_at_, flow.delivered_at_,
                               flow.delivered, flow.lost, flow.in_flight, flow.app_limited_ != 0});
  arm_timeout(flow);
  transmit(flow, flow.next_number_++);
}

void Bottleneck::transmit(Flow& flow, std::uint64_t number) {
  if (line_.loss > 0 && std::uniform_real_distribution<>(0, 1)(random_) < line_.loss) return;
  const std::uint64_t wait = queued().value;
  if (wait / 1'000 * line_.rate / 1'000'000 + kMss > std::max(line_.queue, kMss)) {
    ++drops_;
    return;
  }
  ++waits_;
  waited_ += wait;
  busy_until_ = std::max(busy_until_, now_) + Nanoseconds{kMss * kSecond / line_.rate};
  Nanoseconds at = busy_until_ + line_.round_trip;
  if (line_.ack_slot.value != 0) {
    at = {(at.value + line_.ack_slot.value - 1) / line_.ack_slot.value * line_.ack_slot.value};
  }
  post(at, flow, Kind::kAck, number);
}

// --- ACKs and losses ---

RateSample Bottleneck::rate_sample(Flow& flow, const Flow::Segment& segment) {
  RateSample sample;
  sample.prior_delivered = segment.delivered;
  sample.delivered = static_cast<std::uint32_t>(flow.delivered - segment.delivered);
  sample.lost = static_cast<std::uint32_t>(flow.lost - segment.lost);
  sample.sent_in_flight = segment.in_flight;
  sample.is_app_limited = segment.is_app_limited;
  sample.interval = std::max(segment.sent_at - segment.first_sent_at, now_ - segment.delivered_at);
  if (sample.interval >= flow.least_rtt_) {
    sample.bytes_per_second = sample.delivered * kSecond / sample.interval.value;
  }
  return sample;
}

std::uint32_t Bottleneck::find_losses(Flow& flow, std::uint64_t number) {
  std::uint32_t lost = 0;
  std::vector<LostRange> ranges;
  while (!flow.outstanding_.empty() && flow.outstanding_.front().number + 3 <= number) {
    const Flow::Segment& segment = flow.outstanding_.front();
    flow.in_flight -= kMss;
    flow.lost += kMss;
    lost += kMss;
    ranges.push_back({now_, flow.delivered, kMss,
                      static_cast<std::uint32_t>(flow.lost - segment.lost), segment.in_flight,
                      segment.is_app_limited});
    flow.outstanding_.pop_front();
  }
  if (lost != 0 && !flow.in_recovery_) {
    flow.in_recovery_ = true;
    ++flow.recoveries;
    flow.recovery_end_ = flow.next_number_;
    flow.congestion.on_loss(now_, flow.in_flight, lost);
  }
  for (const LostRange& range : ranges) flow.congestion.on_range_lost(range);
  return lost;
}

void Bottleneck::on_ack(Flow& flow, std::uint64_t number) {
  const auto found = std::ranges::find(flow.outstanding_, number, &Flow::Segment::number);
  if (found == flow.outstanding_.end()) return;  // taken for lost by a timeout
  const Flow::Segment segment = *found;
  flow.outstanding_.erase(found);
  flow.timeouts_in_a_row_ = 0;
  flow.delivered += kMss;
  flow.in_flight -= kMss;
  flow.delivered_at_ = now_;
  if (flow.app_limited_ != 0 && flow.delivered > flow.app_limited_) flow.app_limited_ = 0;
  if (flow.in_recovery_ && number >= flow.recovery_end_) {
    flow.in_recovery_ = false;
    flow.congestion.on_recovered(now_);
  }
  AckEvent event;
  event.rate = rate_sample(flow, segment);
  flow.first_sent_at_ = segment.sent_at;
  event.newly_lost = find_losses(flow, number);
  event.now = now_;
  event.delivered = flow.delivered;
  event.newly_delivered = event.acknowledged = kMss;
  event.in_flight = flow.in_flight;
  event.rtt = flow.last_rtt = now_ - segment.sent_at;
  flow.least_rtt_ = std::min(flow.least_rtt_, event.rtt);
  event.is_window_limited = flow.delivered <= flow.window_limited_;
  event.in_recovery = flow.in_recovery_;
  flow.congestion.on_ack(event);
  arm_timeout(flow);
  if (flow.watch) flow.watch(event);
}

void Bottleneck::arm_timeout(Flow& flow) {
  if (flow.in_flight == 0) {
    flow.timeout_at_ = {};
    return;
  }
  const Nanoseconds first = flow.last_rtt + std::max(line_.round_trip, milliseconds(200));
  flow.timeout_at_ = now_ + Nanoseconds{first.value << std::min(flow.timeouts_in_a_row_, 6U)};
  post_timeout(flow);
}

// One event at a time: it looks when it comes whether the timeout has moved.
void Bottleneck::post_timeout(Flow& flow) {
  if (flow.timeout_posted_.value == 0 || flow.timeout_at_ < flow.timeout_posted_) {
    flow.timeout_posted_ = flow.timeout_at_;
    post(flow.timeout_at_, flow, Kind::kTimeout, 0);
  }
}

void Bottleneck::on_timeout_event(Flow& flow, Nanoseconds at) {
  if (flow.timeout_at_.value == 0) return;
  if (flow.timeout_at_ > at) {
    post_timeout(flow);
    return;
  }
  on_timeout(flow);
  send(flow);
}

void Bottleneck::on_timeout(Flow& flow) {
  ++flow.timeouts;
  ++flow.timeouts_in_a_row_;
  flow.congestion.on_timeout(now_, flow.in_flight);
  flow.lost += flow.in_flight;
  flow.in_flight = 0;
  flow.outstanding_.clear();
  flow.in_recovery_ = true;
  flow.recovery_end_ = flow.next_number_;
  flow.timeout_at_ = {};
}

}  // namespace mote::test
