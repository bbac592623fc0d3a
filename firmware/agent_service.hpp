// The guest agent at work: moves bytes between it and the one port that it serves.
//
// Every call does a bounded amount of work and waits for nothing.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "agent/agent.hpp"
#include "drivers/virtio/port_queues.hpp"
#include "kernel/console/uart.hpp"
#include "kernel/time/clock.hpp"

namespace mote {

// Starts as all zeros.
class AgentService {
 public:
  // Call once, first. The host must outlive it.
  void start(const agent::Host& host) { agent_.start(host); }

  // Serves a virtio port; the first that is open is served until it is closed. The caller rings the
  // doorbells.
  void serve(virtio::PortQueues& port);

  // Whether bytes received on a virtio port are work now.
  [[nodiscard]] bool takes_input(virtio::PortQueues& port) const {
    return &port != open_ ? !port.is_open() : !agent_.has_answer();
  }

  // A port that will never be served again.
  void forget(const virtio::PortQueues& port) { open_ = open_ == &port ? nullptr : open_; }

  // Whether the last call of `serve` left work that no device will announce.
  [[nodiscard]] bool is_in_hurry() const { return is_in_hurry_; }

  // Serves a serial port, unless a virtio port is open. Costs an access to it, or many if there is
  // something to do, and so does it only when due.
  template <typename Machine>
  void serve(BasicUart<Machine>& line, Nanoseconds now);

  // When that is due.
  [[nodiscard]] Nanoseconds line_is_due() const { return line_is_due_; }

 private:
  static constexpr unsigned kRounds = 8;       // of a virtio port's buffers in one turn
  static constexpr unsigned kCharacters = 16;  // of a serial port's in one turn: its FIFO
  static constexpr Nanoseconds kBusy = milliseconds(1);
  static constexpr Nanoseconds kIdle = milliseconds(250);
  static constexpr Nanoseconds kLinger = milliseconds(20);  // a busy line's next characters

  template <typename Machine>
  [[nodiscard]] bool move(BasicUart<Machine>& line);

  agent::Agent agent_{};
  virtio::PortQueues* open_ = nullptr;  // the port being served
  bool is_in_hurry_ = false;
  std::optional<char> unsent_;  // a character that the line had no room for
  Nanoseconds line_is_due_{};
  Nanoseconds line_is_busy_until_{};
};

inline void AgentService::serve(virtio::PortQueues& port) {
  port.poll();
  if (&port == open_ && (port.was_closed() || !port.is_open())) {
    open_ = nullptr;
  }
  if (!port.is_open()) {
    static_cast<void>(port.received());  // gives the buffers back
    return;
  }
  if (open_ == nullptr) {
    open_ = &port;
    static_cast<void>(port.was_closed());
    agent_.reset();
    unsent_.reset();
  }
  if (&port != open_) {
    return;
  }
  is_in_hurry_ = true;
  for (unsigned round = 0; round < kRounds; ++round) {
    const auto bytes = agent_.has_answer() ? std::span<const char>() : port.received();
    port.consume(agent_.take(bytes));
    const auto room = agent_.has_answer() ? port.room() : std::span<char>();
    if (!room.empty()) {
      port.send(agent_.give(room));
    } else if (agent_.has_answer() || bytes.empty()) {
      is_in_hurry_ = false;
      return;
    }
  }
}

template <typename Machine>
void AgentService::serve(BasicUart<Machine>& line, Nanoseconds now) {
  if (now < line_is_due_) {
    return;
  }
  const bool has_moved = line.is_there() && open_ == nullptr && move(line);
  line_is_busy_until_ = has_moved ? now + kLinger : line_is_busy_until_;
  line_is_due_ = now + (now < line_is_busy_until_ ? kBusy : kIdle);
}

// Whether any character went.
template <typename Machine>
bool AgentService::move(BasicUart<Machine>& line) {
  for (unsigned i = 0; i < kCharacters; ++i) {
    if (unsent_ || agent_.has_answer()) {
      char next = unsent_.value_or('\0');
      if (!unsent_) {
        static_cast<void>(agent_.give({&next, 1}));
      }
      unsent_ = next;
      if (!line.try_put(next)) {
        return i != 0;
      }
      unsent_.reset();
      continue;
    }
    const std::optional<char> next = line.try_get();
    if (!next) {
      return i != 0;
    }
    static_cast<void>(agent_.take({&*next, 1}));
  }
  return true;
}

}  // namespace mote
