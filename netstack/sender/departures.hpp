// When which sender must be looked at again: a timing wheel of intrusive nodes.
//
// Three wheels of 64 slots turn in units of about 262 us, 17 ms and 1 s. A node lies in the finest
// one that reaches its time, and moves to a finer one when its slot comes up (Varghese and Lauck,
// "Hashed and Hierarchical Timing Wheels", scheme 7), so each operation costs the same with one
// node or 10,000. A node that was set for later, or cancelled, stays where it is until its slot
// comes up: a timer that is armed with each reply and disarmed by each ACK costs a store.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernel/time/clock.hpp"

namespace mote::netstack {

// One sender's place among the departures; a part of it, or its base. Its memory may be reused
// after Departures::end only.
class Departure {
 public:
  Departure() = default;
  Departure(const Departure&) = delete;
  Departure& operator=(const Departure&) = delete;

  [[nodiscard]] bool is_set() const { return due_ != kNever; }
  [[nodiscard]] Nanoseconds due() const { return due_; }  // kNever: not set

  static constexpr Nanoseconds kNever{~std::uint64_t{0}};

 private:
  friend class Departures;

  static constexpr std::uint64_t kNowhere = ~std::uint64_t{0};

  Departure* next_ = nullptr;
  Departure** place_ = nullptr;     // what points to this node; null: nothing does
  std::uint64_t after_ = kNowhere;  // its slot comes up in time for each time behind this one
  Nanoseconds due_ = kNever;
};
static_assert(sizeof(Departure) == 32);

class Departures {
 public:
  constexpr Departures() = default;
  Departures(const Departures&) = delete;
  Departures& operator=(const Departures&) = delete;

  // A unit of the finest wheel. No node departs before its time, nor this much after it if `run`
  // is called when `next` says.
  static constexpr unsigned kUnitBits = 18;
  static constexpr Nanoseconds kResolution{std::uint64_t{1} << kUnitBits};

  // The node departs at `due` and at no other time; kNever: not at all. What was due at the last
  // run's time already departs in the next run.
  void set(Departure& node, Nanoseconds due) {
    node.due_ = due;
    if (due.value <= node.after_) {
      enter(node);
    }
  }
  static void cancel(Departure& node) { node.due_ = Departure::kNever; }

  // Forgets the node, whatever its state.
  static void end(Departure& node) {
    leave(node);
    node.due_ = Departure::kNever;
  }

  // The first time at which `run` may have something to do, be it only moving nodes. Nodes that
  // are due depart at that time, or have less than the resolution to wait until it.
  [[nodiscard]] Nanoseconds next() const { return next_; }

  // Calls `depart` with each node that is due, in no particular order; it is no longer set then.
  // `depart` may set, cancel and end any node. Takes time for the nodes whose slots came up since
  // the last run, however long ago that was.
  template <typename F>
  void run(Nanoseconds now, F&& depart) {
    if (!begin_run(now)) {
      return;
    }
    while (Departure* node = take_due()) {
      depart(*node);
    }
  }

 private:
  static constexpr unsigned kSlotBits = 6;
  static constexpr std::size_t kSlots = std::size_t{1} << kSlotBits;
  static constexpr std::size_t kWheels = 3;

  using Slots = std::uint64_t;  // one bit for each
  static_assert(kSlots == 64);

  struct Wheel {
    Slots occupied = 0;  // a slot whose last node ended counts until it comes up
    Slots up = 0;        // came up in this run, and is still to be emptied
    std::array<Departure*, kSlots> slots{};
  };

  static void leave(Departure& node) {
    if (node.place_ == nullptr) {
      return;
    }
    *node.place_ = node.next_;
    if (node.next_ != nullptr) {
      node.next_->place_ = node.place_;
    }
    node.next_ = nullptr;
    node.place_ = nullptr;
    node.after_ = Departure::kNowhere;
  }
  static void link(Departure*& list, Departure& node);

  void enter(Departure& node);
  void enter_wheel(Departure& node, std::uint64_t unit);
  [[nodiscard]] std::uint64_t turned() const { return now_.value >> kUnitBits; }

  // False if nothing can be due.
  bool begin_run(Nanoseconds now) {
    if (now < now_) {
      now = now_;
    }
    if (now >= next_) {
      turn(now);
      return true;
    }
    now_ = now;
    return false;
  }
  void turn(Nanoseconds now);
  Departure* take_due();
  bool take_slot();
  [[nodiscard]] Nanoseconds earliest() const;

  // All zero, so that a global object needs neither a constructor nor room in the image.
  Nanoseconds next_{};            // too early before the first run, which does no harm
  Nanoseconds now_{};             // of the last run
  Departure* overdue_ = nullptr;  // nodes that were due when they were set
  Departure* taken_ = nullptr;    // nodes of slots that came up in this run
  std::array<Wheel, kWheels> wheels_{};
};

}  // namespace mote::netstack
