// A client's download over a line that may be bad.
#include "tests/unit/netstack/sender/download.hpp"

#include <algorithm>

#include "lwip/priv/tcp_priv.h"
#include "tests/unit/netstack/narrow_link.hpp"

namespace mote::world {
namespace {

constexpr Nanoseconds kLongestBurst = milliseconds(5000);

}  // namespace

bool RoughLine::happens(double chance) {
  return chance > 0 && std::uniform_real_distribution<>()(random_) < chance;
}

// A burst has an end in time, too: who backs off would need an hour for the frames of one.
bool RoughLine::loses(Nanoseconds now) {
  if (burst_left_ > 0 && now < burst_ends_) {
    --burst_left_;
    return true;
  }
  burst_left_ = 0;
  if (happens(habits.bursts)) {
    burst_left_ = habits.burst_frames;
    burst_ends_ = now + kLongestBurst;
  }
  return happens(habits.loss);
}

void RoughLine::push(Bytes frame, Nanoseconds now) {
  const auto& ip = *reinterpret_cast<const netstack::Ipv4Header*>(frame.data() + 14);
  if (ip.total_bytes > habits.mtu) {
    ++lost_;
    if (habits.says_so && has_df(frame)) {
      machine().device.receive(fragmentation_needed(frame, static_cast<std::uint16_t>(habits.mtu)));
    }
    return;
  }
  if (loses(now)) {
    ++lost_;
    return;
  }
  double departs = static_cast<double>(now.value);
  if (habits.bytes_per_second > 0) {
    const double nanoseconds_a_byte = 1e9 / habits.bytes_per_second;
    const double begins = std::max(departs, free_at_);
    if ((begins - departs) / nanoseconds_a_byte > habits.queue_bytes) {
      ++lost_;
      return;
    }
    departs = free_at_ = begins + static_cast<double>(frame.size()) * nanoseconds_a_byte;
  }
  std::uint64_t arrives = static_cast<std::uint64_t>(departs) + habits.latency.value;
  if (habits.jitter.value != 0) arrives += random_() % habits.jitter.value;
  if (happens(habits.late)) {
    arrives += habits.lateness.value;
  } else {
    latest_ = arrives = std::max(arrives, latest_);
  }
  if (happens(habits.duplicates)) frames_.emplace(arrives + random_() % 5'000'000, frame);
  frames_.emplace(arrives, std::move(frame));
}

Bytes RoughLine::pop(Nanoseconds now) {
  const auto first = frames_.begin();
  if (first == frames_.end() || first->first > now.value) return {};
  Bytes frame = std::move(first->second);
  frames_.erase(first);
  return frame;
}

Download::Download(std::uint16_t port, const Habits& habits, const LineHabits& there,
                   const LineHabits& back, unsigned seed)
    : machine(server()),
      peer(port, 80, habits, seed),
      to_machine(there, seed + 1),
      to_peer(back, seed + 2) {
  machine.device.wire.clear();
  peer.tick(clock::now());
}

// However it went, nothing of it stays.
Download::~Download() {
  peer.outgoing.clear();
  peer.reset();
  for (; !peer.outgoing.empty(); peer.outgoing.pop_front()) {
    machine.device.receive(peer.outgoing.front());
  }
  leave_alone(milliseconds(1));
}

void Download::pass(Nanoseconds step) {
  advance(step);
  const Nanoseconds now = clock::now();
  peer.tick(now);
  for (; !peer.outgoing.empty(); peer.outgoing.pop_front()) {
    to_machine.push(std::move(peer.outgoing.front()), now);
  }
  for (Bytes frame = to_machine.pop(now); !frame.empty(); frame = to_machine.pop(now)) {
    machine.device.receive(frame);
    settle(machine);
  }
  settle(machine);
  for (; !machine.device.wire.empty(); machine.device.wire.pop_front()) {
    Bytes& frame = machine.device.wire.front();
    if (frame[13] == 6) {  // ARP
      machine.device.receive(arp_reply(kPeerAddress, kPeerMac));
    } else {
      to_peer.push(std::move(frame), now);
    }
  }
  for (Bytes frame = to_peer.pop(now); !frame.empty(); frame = to_peer.pop(now)) {
    peer.receive(frame);
  }
}

// Short while frames are on their way.
Nanoseconds Download::step() const {
  if (to_machine.empty() && to_peer.empty()) return milliseconds(5);
  const bool is_near = to_peer.habits.latency < milliseconds(3);
  return is_near ? microseconds(200) : milliseconds(1);
}

// Timeouts double: after a loss it takes as long as it took until then, and as long again. Progress
// is what the machine has heard of.
void Download::watch() {
  const Nanoseconds now = clock::now();
  const struct tcp_pcb* const pcb = connection_with(peer.port());
  const std::uint32_t progress = pcb == nullptr ? 0 : pcb->lastack;
  const std::uint64_t losses = to_machine.lost() + to_peer.lost() + peer.refused();
  const std::uint64_t pause = (now - lost_at_).value;
  const std::uint64_t explained = 2 * (lost_at_ - progress_at_).value;
  longest_pause_ = {std::max(longest_pause_.value, pause - std::min(pause, explained))};
  if (progress != progress_ && pcb != nullptr) progress_at_ = now;
  if (progress != progress_ || losses != losses_) lost_at_ = now;
  progress_ = progress;
  losses_ = losses;
}

bool Download::fetch(std::size_t bytes, Nanoseconds most, bool is_kept) {
  const Nanoseconds start = clock::now();
  const Nanoseconds end = start + most;
  progress_at_ = lost_at_ = start;
  peer.connect();
  while (!peer.is_established() && clock::now() < end) {
    pass(step());
    watch();
  }
  peer.request(request_for(bytes, is_kept));
  const auto is_done = [&] { return is_kept ? peer.body().size() >= bytes : peer.is_finished(); };
  while (!is_done() && !peer.was_reset() && clock::now() < end) {
    pass(step());
    watch();
    if (peer.body().size() < bytes) took_ = clock::now() - start;
  }
  if (!is_done() || peer.body().size() != bytes ||
      !std::equal(peer.body().begin(), peer.body().end(), body().begin())) {
    return false;
  }
  if (!is_kept) peer.close();
  return true;
}

void leave_alone(Nanoseconds time) {
  Machine& m = machine();
  const Nanoseconds end = clock::now() + time;
  while (clock::now() < end) {
    const Nanoseconds step = time < milliseconds(60'000) ? milliseconds(50) : milliseconds(500);
    advance(Nanoseconds{std::min((end - clock::now()).value, step.value)});
    settle(m);
    m.device.wire.clear();
  }
}

}  // namespace mote::world
