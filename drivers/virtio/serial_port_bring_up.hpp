// A port of the virtio console device: bring-up, in the order of virtio 1.2, 3.1.1, and resets.
//
// The part of serial_port.hpp that only serial_port.cpp needs, and tests with a transport of their
// own.
#pragma once

#include <algorithm>
#include <bit>

#include "drivers/virtio/serial_port.hpp"
#include "kernel/memory/dma.hpp"

namespace mote::virtio {

template <Transport T>
bool SerialPort<T>::bring_up(const Location& location, std::string_view name) {
  *this = {};
  name_ = name;
  if (const std::string_view missing = transport_.open(location); !missing.empty()) {
    return fail(missing);
  }
  // The firmware may have used the device.
  if (!transport_.reset()) {
    return fail("the device does not end its reset");
  }
  return start(port_);
}

// From reset to running.
template <Transport T>
bool SerialPort<T>::start(std::uint32_t port) {
  add_status(status::kAcknowledge);
  add_status(status::kDriver);
  bool is_ready = negotiate() && (queues_.take_memory() || fail("no memory left for its buffers"));
  for (const PortQueue queue : {kControlIn, kControlOut, kFromPort, kToPort}) {
    is_ready = is_ready && set_up(queue_of_port(port, queue), queue);
  }
  if (!is_ready) {
    transport_.set_status(0);
    return false;
  }
  queues_.start(port, name_);
  add_status(status::kDriverOk);
  state_ = State::kRunning;
  queues_.poll();  // says that we are ready
  flush();
  return true;
}

template <Transport T>
bool SerialPort<T>::negotiate() {
  features_ = transport_.offered_features() & kWanted;
  if ((features_ & feature::kConsoleMultiport) == 0) {
    error_.clear();  // a console alone
    return false;
  }
  if (transport_.is_legacy()) {
    features_ &= feature::kConsoleMultiport | feature::kEventIndex;
  } else if ((features_ & feature::kVersion1) == 0) {
    return fail("modern device without VIRTIO_F_VERSION_1");
  }
  transport_.accept_features(features_);
  if (!transport_.is_legacy()) {
    add_status(status::kFeaturesOk);
    if ((transport_.status() & status::kFeaturesOk) == 0) {
      return fail("device refused features");
    }
  }
  return true;
}

// The entries of queue `number`; 0 if it can't be used.
template <Transport T>
std::uint16_t SerialPort<T>::agree_on_entries(std::uint16_t number, PortQueue queue) {
  std::uint16_t entries = transport_.queue_entries(number);
  if (entries > entries_for(queue)) {  // the legacy interface of PCI may not listen
    entries = transport_.set_queue_entries(number, entries_for(queue));
  }
  // Those of the control queue hold all its buffers.
  const std::uint16_t least = queue == kControlIn ? entries_for(queue) : PortBuffers::kPieces;
  if (entries < least || entries > kMostEntries || !std::has_single_bit(entries)) {
    fail("queue # of # entries can't be used", number, entries);
    return 0;
  }
  return entries;
}

template <Transport T>
bool SerialPort<T>::set_up(std::uint16_t number, PortQueue queue) {
  const std::uint16_t entries = agree_on_entries(number, queue);
  if (entries == 0) {
    return false;
  }
  SplitRing& ring = queues_.ring(queue);
  if (ring.entries() == 0) {
    const std::size_t alignment =
        transport_.is_legacy() ? RingLayout::kLegacyAlignment : RingLayout::kModernAlignment;
    const RingLayout layout = RingLayout::of(entries, alignment);
    const auto memory = dma::allocate(layout.bytes, alignment);
    const auto slots = dma::allocate(entries * sizeof(Slot), alignof(Slot));
    if (memory.empty() || slots.empty()) {
      return fail("no memory left for queue # of # entries", number, entries);
    }
    ring.attach(layout, memory, {reinterpret_cast<Slot*>(slots.data()), entries});
  } else if (ring.entries() != entries) {
    return fail("queue # has another size after a reset", number);
  }
  ring.restart((features_ & feature::kEventIndex) != 0);
  return transport_.enable_queue(number, ring.addresses()) ||
         fail("the doorbell of queue # is out of reach", number);
}

template <Transport T>
void SerialPort<T>::flush() {
  if (is_running()) {
    ring(queues_.publish());
  }
}

template <Transport T>
void SerialPort<T>::ring(unsigned queues) {
  for (const PortQueue queue : {kFromPort, kToPort, kControlIn, kControlOut}) {
    if ((queues & 1U << queue) != 0) {
      transport_.notify(queue_of_port(queues_.port(), queue));
    }
  }
}

template <Transport T>
bool SerialPort<T>::tend() {
  if (!is_sound()) {
    return false;
  }
  const std::uint8_t now = transport_.status();
  if (now == kNoAnswer) {
    state_ = State::kFailed;
    return fail("the device doesn't answer");
  }
  if (!is_running()) {
    state_ = now == 0 ? State::kFailed : state_;  // unless it starts
    return now != 0 || start(port_);
  }
  const auto other = queues_.other_port();
  if (other || queues_.needs_reset() || (now & status::kNeedsReset) != 0) {
    // 2.4: writing 0 begins a reset. Until it ends, every buffer stays in place.
    port_ = other.value_or(queues_.port());
    transport_.set_status(0);
    state_ = State::kResetting;
    return true;
  }
  ring(queues_.lost_doorbells());
  return true;
}

template <Transport T>
void SerialPort<T>::let_go() {
  transport_.set_status(0);
  state_ = State::kFailed;
}

template <Transport T>
void SerialPort<T>::arm(bool takes_input) {
  if (is_running()) {
    queues_.ask_for_interrupts(takes_input);
  }
}

template <Transport T>
void SerialPort<T>::disarm() {
  if (is_running()) {
    queues_.ask_for_none();
    transport_.clear_interrupt();
  }
}

}  // namespace mote::virtio
