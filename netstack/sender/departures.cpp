// The wheels' turning: nodes enter, slots come up, and what is due is taken.
#include "netstack/sender/departures.hpp"

#include <algorithm>
#include <bit>

namespace mote::netstack {

void Departures::link(Departure*& list, Departure& node) {
  node.next_ = list;
  node.place_ = &list;
  if (list != nullptr) {
    list->place_ = &node.next_;
  }
  list = &node;
}

void Departures::enter(Departure& node) {
  leave(node);
  if (!node.is_set()) {
    return;
  }
  const std::uint64_t due = node.due_.value;
  if (node.due_ <= now_) {
    link(overdue_, node);
    node.after_ = 0;
    next_ = {};
    return;
  }
  const bool is_between_units = (due & (kResolution.value - 1)) != 0;
  enter_wheel(node, (due >> kUnitBits) + (is_between_units ? 1 : 0));
}

// `unit` is behind the present one. In each wheel lie nodes for the 64 of its slots behind the one
// that came up last; the slot of a coarse wheel comes up with the first of its units.
void Departures::enter_wheel(Departure& node, std::uint64_t unit) {
  unsigned bits = 0;
  for (std::size_t level = 0; level < kWheels; ++level, bits += kSlotBits) {
    const std::uint64_t last = (turned() >> bits) + kSlots;
    std::uint64_t slot = unit >> bits;
    if (slot > last) {
      if (level + 1 < kWheels) {
        continue;
      }
      slot = last;  // enters again when it comes up
    }
    Wheel& wheel = wheels_[level];
    const std::size_t index = slot % kSlots;
    link(wheel.slots[index], node);
    wheel.occupied |= Slots{1} << index;
    const std::uint64_t up = slot << bits;
    node.after_ = std::max((up - 1) << kUnitBits, now_.value);
    next_ = std::min(next_, Nanoseconds{up << kUnitBits});
    return;
  }
}

// Notes which slots come up until `now`.
void Departures::turn(Nanoseconds now) {
  const std::uint64_t unit = now.value >> kUnitBits;
  unsigned bits = 0;
  for (Wheel& wheel : wheels_) {
    const std::uint64_t from = turned() >> bits;
    const std::uint64_t passed = (unit >> bits) - from;
    const Slots run = passed < kSlots ? (Slots{1} << passed) - 1 : ~Slots{0};
    wheel.up = wheel.occupied & std::rotl(run, static_cast<int>((from + 1) % kSlots));
    bits += kSlotBits;
  }
  now_ = now;
  taken_ = overdue_;
  overdue_ = nullptr;
  if (taken_ != nullptr) {
    taken_->place_ = &taken_;
  }
}

// A node that is set meanwhile for a time that is past becomes overdue and departs in the next run;
// one that is set for later may lie in a slot that is still to be emptied, and enters it again.
Departure* Departures::take_due() {
  do {
    while (taken_ != nullptr) {
      Departure& node = *taken_;
      leave(node);
      if (node.due_ > now_) {
        enter(node);
        continue;
      }
      node.due_ = Departure::kNever;
      return &node;
    }
  } while (take_slot());
  next_ = earliest();
  return nullptr;
}

bool Departures::take_slot() {
  for (Wheel& wheel : wheels_) {
    if (wheel.up == 0) {
      continue;
    }
    const auto index = static_cast<std::size_t>(std::countr_zero(wheel.up));
    const Slots bit = Slots{1} << index;
    wheel.up &= ~bit;
    wheel.occupied &= ~bit;
    taken_ = wheel.slots[index];
    wheel.slots[index] = nullptr;
    if (taken_ != nullptr) {
      taken_->place_ = &taken_;
    }
    return true;
  }
  return false;
}

Nanoseconds Departures::earliest() const {
  if (overdue_ != nullptr) {
    return {};
  }
  Nanoseconds found = Departure::kNever;
  unsigned bits = 0;
  for (const Wheel& wheel : wheels_) {
    if (wheel.occupied != 0) {
      const std::uint64_t first = (turned() >> bits) + 1;
      const Slots ahead = std::rotr(wheel.occupied, static_cast<int>(first % kSlots));
      const auto distance = static_cast<std::uint64_t>(std::countr_zero(ahead));
      found = std::min(found, Nanoseconds{(first + distance) << bits << kUnitBits});
    }
    bits += kSlotBits;
  }
  return found;
}

}  // namespace mote::netstack
