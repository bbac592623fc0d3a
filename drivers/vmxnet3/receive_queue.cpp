// The receive queue: setup, and frames in pieces.
#include "drivers/vmxnet3/receive_queue.hpp"

#include <algorithm>

#include "drivers/limits.hpp"
#include "kernel/cpu/addresses.hpp"

namespace mote::vmxnet3 {

void ReceiveQueue::attach(Memory& memory) {
  memory_ = &memory;
  heads_.attach(memory.heads, memory.head_slots, receive_field::kHead);
  bodies_.attach(memory.bodies, memory.body_slots, receive_field::kBody);
}

// A quarter of the buffers are bodies, if that suffices for the longest frame.
void ReceiveQueue::restart(std::size_t buffers) {
  buffers = std::min(buffers, kMostBuffers);
  const std::size_t bodies = std::min<std::size_t>(buffers / 4, kBodies - 1);
  large_ = bodies >= limits::kRxPieces - 1;
  heads_.restart(large_ ? buffers - bodies : buffers);
  bodies_.restart(large_ ? bodies : 0);
  completions_.restart(memory_->completions);
  gathered_ = gathered_bytes_ = 0;
  dropping_ = false;
}

void ReceiveQueue::describe(ReceiveQueueDescriptor& descriptor) const {
  descriptor.rings = {heads_.address(), bodies_.address()};
  descriptor.ring_entries = {heads_.entries(), bodies_.entries()};
  descriptor.completions = physical(&memory_->completions).value;
  descriptor.completion_entries = kCompletions;
}

void ReceiveQueue::take_all() {
  heads_.take_all();
  bodies_.take_all();
  drop_pieces();
}

// Whether a completion can be the frame's next piece.
bool ReceiveQueue::continues(const Words& completion) const {
  namespace field = received_field;
  const std::size_t bytes = field::kBytes.of(completion);
  return field::kRing.of(completion) == field::kBodyRing && gathered_ != 0 &&
         gathered_ < limits::kRxPieces && bytes != 0 && bytes <= Packet::kMaxFrameBytes &&
         gathered_bytes_ + bytes <= kLargestFrameBytes;
}

void ReceiveQueue::gather(Packet packet) {
  if (gathered_ == 0) {
    gathered_bytes_ = 0;
  }
  const auto bytes = static_cast<std::uint16_t>(packet.bytes());
  gathered_bytes_ += bytes;
  memory_->pieces[gathered_++] = {.packet = packet.release(), .bytes = bytes};
}

void ReceiveQueue::drop_pieces() {
  while (gathered_ != 0) {
    static_cast<void>(Packet::adopt(memory_->pieces[--gathered_].packet, 0));
  }
}

}  // namespace mote::vmxnet3
