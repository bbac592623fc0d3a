// A port's queues: control messages, and bytes both ways.
#include "drivers/virtio/port_queues.hpp"

#include <utility>

#include "kernel/memory/dma.hpp"

namespace mote::virtio {
namespace {

// A buffer's index as a chain's owner; 0 would be none.
Owner owner_of(std::size_t index) { return {.cookie = reinterpret_cast<void*>(index + 1)}; }
std::size_t index_of(const Owner& owner) {
  return reinterpret_cast<std::uintptr_t>(owner.cookie) - 1;
}

}  // namespace

bool PortQueues::take_memory() {
  if (buffers_ != nullptr) {
    return true;
  }
  const auto memory = dma::allocate(sizeof(PortBuffers), alignof(PortBuffers));
  buffers_ = reinterpret_cast<PortBuffers*>(memory.data());
  return !memory.empty();
}

void PortQueues::start(std::uint32_t port, std::string_view name) {
  port_ = port;
  name_ = name;
  other_port_.reset();
  to_greet_ = 0;
  ready_is_due_ = true;
  open_is_due_ = false;
  is_named_ = false;
  was_closed_ = was_closed_ || is_open_;
  is_open_ = false;
  sent_ = 0;
  orphans_ = 0;
  unread_ = {};
  for (std::size_t i = 0; i < PortBuffers::kControlMessages; ++i) {
    lend_control(i);
  }
  for (std::size_t i = 0; i < PortBuffers::kPieces; ++i) {
    lend_received(i);
  }
}

// The rings have room for all buffers (SerialPort::agree_on_entries), so it can't fail.
void PortQueues::lend(PortQueue queue, std::span<const char> bytes, std::size_t index) {
  const bool is_sent = queue == kToPort || queue == kControlOut;
  const Piece piece{reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()};
  static_cast<void>(rings_[queue].lend(
      piece, {}, is_sent ? Access::kDeviceReads : Access::kDeviceWrites, owner_of(index)));
}

void PortQueues::lend_control(std::size_t index) {
  lend(kControlIn, buffers_->control_in[index], index);
}

void PortQueues::lend_received(std::size_t index) {
  lend(kFromPort, buffers_->received[index], index);
}

void PortQueues::poll() {
  SplitRing& in = rings_[kControlIn];
  for (std::uint16_t left = in.completed(); left > 0; --left) {
    const Completion done = in.take();
    if (done.verdict == Verdict::kUnknown) {
      continue;
    }
    const std::size_t index = index_of(done.owner);
    if (done.verdict == Verdict::kGood) {
      // Copied, because the device can still write there.
      const auto message = buffers_->control_in[index];
      handle(std::span(message).first(done.bytes));
    }
    lend_control(index);
  }
  take_back_sent();
  send_control();
}

void PortQueues::handle(std::span<const char> message) {
  PortControl control;
  if (message.size() < sizeof(control)) {
    return;
  }
  __builtin_memcpy(&control, message.data(), sizeof(control));
  if (control.id >= kPorts) {
    return;
  }
  const std::uint32_t bit = std::uint32_t{1} << control.id;
  const auto rest = message.subspan(sizeof(control));
  const std::string_view text(rest.data(), rest.size());
  switch (control.event) {
    case port_event::kAdd:
      to_greet_ |= bit;
      return;
    case port_event::kRemove:
      to_greet_ &= ~bit;
      break;
    case port_event::kName:
      if (text.substr(0, text.find('\0')) != name_) {
        return;
      }
      if (control.id != port_) {
        other_port_ = is_named_ ? std::nullopt : std::optional(control.id);
        return;
      }
      is_named_ = true;
      open_is_due_ = true;
      return;
    case port_event::kOpen:
      break;
    default:
      return;
  }
  if (control.id == port_) {
    const bool is_removed = control.event == port_event::kRemove;
    is_named_ = is_named_ && !is_removed;
    is_open_ = !is_removed && control.value != 0;
    if (!is_open_) {
      was_closed_ = true;
      orphans_ = sent_;
      consume(unread_.size());
    }
  }
}

// One message at a time: the device answers each with three at most, for which there are buffers.
void PortQueues::send_control() {
  SplitRing& out = rings_[kControlOut];
  for (std::uint16_t left = out.completed(); left > 0; --left) {
    static_cast<void>(out.take());
  }
  if (out.lent() != 0) {
    return;
  }
  PortControl& message = buffers_->control_out;
  if (std::exchange(ready_is_due_, false)) {
    message = {.id = 0, .event = port_event::kDeviceReady, .value = 1};
  } else if (std::exchange(open_is_due_, false)) {
    message = {.id = port_, .event = port_event::kOpen, .value = 1};
  } else if (to_greet_ != 0) {
    const auto port = static_cast<std::uint32_t>(std::countr_zero(to_greet_));
    to_greet_ &= to_greet_ - 1;
    message = {.id = port, .event = port_event::kReady, .value = 1};
  } else {
    return;
  }
  lend(kControlOut, {reinterpret_cast<const char*>(&message), sizeof(message)}, 0);
}

bool PortQueues::was_closed() { return std::exchange(was_closed_, false); }

std::span<const char> PortQueues::received() {
  SplitRing& in = rings_[kFromPort];
  std::uint16_t left = unread_.empty() ? in.completed() : std::uint16_t{0};
  while (unread_.empty() && left-- > 0) {
    const Completion done = in.take();
    if (done.verdict == Verdict::kUnknown) {
      continue;
    }
    index_ = index_of(done.owner);
    if (done.verdict == Verdict::kGood && done.bytes != 0 && is_open()) {
      unread_ = std::span(buffers_->received[index_]).first(done.bytes);
    } else {
      lend_received(index_);
    }
  }
  return unread_;
}

void PortQueues::consume(std::size_t bytes) {
  unread_ = unread_.subspan(bytes);
  if (unread_.empty() && bytes != 0) {
    lend_received(index_);
  }
}

void PortQueues::take_back_sent() {
  SplitRing& out = rings_[kToPort];
  for (std::uint16_t left = out.completed(); left > 0; --left) {
    const Completion done = out.take();
    if (done.verdict != Verdict::kUnknown) {
      sent_ &= ~(1U << index_of(done.owner));
    }
  }
  orphans_ &= sent_;
}

std::span<char> PortQueues::room() {
  take_back_sent();
  const auto index = static_cast<std::size_t>(std::countr_one(sent_));
  return is_open() && sent_ == orphans_ && index < PortBuffers::kPieces
             ? std::span(buffers_->sent[index])
             : std::span<char>();
}

void PortQueues::send(std::size_t bytes) {
  if (bytes != 0) {
    const auto index = static_cast<std::size_t>(std::countr_one(sent_));
    sent_ |= 1U << index;
    lend(kToPort, std::span(buffers_->sent[index]).first(bytes), index);
  }
}

unsigned PortQueues::publish() {
  unsigned due = 0;
  for (std::size_t queue = 0; queue < kPortQueues; ++queue) {
    due |= rings_[queue].publish() ? 1U << queue : 0U;
  }
  return due;
}

unsigned PortQueues::lost_doorbells() {
  unsigned lost = 0;
  for (std::size_t queue = 0; queue < kPortQueues; ++queue) {
    lost |= rings_[queue].has_lost_doorbell() ? 1U << queue : 0U;
  }
  return lost;
}

// Buffers for received bytes are always lent, those for sent ones only while they are in use.
bool PortQueues::awaits(std::size_t queue, bool takes_input) const {
  return rings_[queue].lent() != 0 && (queue != kFromPort || takes_input);
}

void PortQueues::watch(Watch& watch, bool takes_input) const {
  for (std::size_t queue = 0; queue < kPortQueues; ++queue) {
    if (awaits(queue, takes_input)) {
      watch.add(rings_[queue].watched());
    }
  }
}

void PortQueues::ask_for_interrupts(bool takes_input) {
  for (std::size_t queue = 0; queue < kPortQueues; ++queue) {
    if (awaits(queue, takes_input)) {
      rings_[queue].ask_for_interrupt();
    }
  }
}

void PortQueues::ask_for_none() {
  for (SplitRing& ring : rings_) {
    ring.ask_for_none();
  }
}

}  // namespace mote::virtio
