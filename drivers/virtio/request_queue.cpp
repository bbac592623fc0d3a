// One request at a time: sent, waited for, checked.
#include "drivers/virtio/request_queue.hpp"

#include <algorithm>

#include "kernel/cpu/cpu.hpp"
#include "kernel/memory/dma.hpp"
#include "kernel/time/allowance.hpp"
#include "kernel/time/patience.hpp"

namespace mote::virtio {

bool RequestQueue::start(std::uint16_t number, Bell bell, void* transport,
                         std::size_t memory_bytes) {
  memory_ = dma::allocate(memory_bytes, RingLayout::kModernAlignment);
  if (memory_.empty()) {
    return fail("no memory left for requests");
  }
  number_ = number;
  bell_ = bell;
  transport_ = transport;
  usable_ = true;
  return true;
}

std::optional<std::uint32_t> RequestQueue::request(std::span<const Piece> reads,
                                                   std::span<const Piece> writes) {
  if (!usable_) {
    return std::nullopt;
  }
  if (allowance::is_over()) {
    return give_up("no time is left for it");
  }
  if (!ring_.lend_request(reads, writes, {})) {
    return give_up("a request does not fit into the queue");
  }
  if (ring_.publish()) {
    bell_(transport_, number_);
  }
  if (!await()) {
    return give_up("the device does not answer");
  }
  const Completion completion = ring_.take();
  if (completion.verdict == Verdict::kUnknown || ring_.completed() != 0) {
    return give_up("the device answers what it was not asked");
  }
  std::size_t most = 0;
  for (const Piece& piece : writes) {
    most += piece.bytes;
  }
  return static_cast<std::uint32_t>(std::min<std::size_t>(completion.bytes, most));
}

// Looks at memory only, which costs no exit to the hypervisor.
bool RequestQueue::await() {
  // Patience bounds the number of its looks, too, meaning looks at registers: these are faster.
  constexpr unsigned kPausesALook = 64;
  Patience patience(allowance::at_most(kPatience));
  Patience until_look(kLook);
  while (ring_.completed() == 0) {
    if (patience.is_over()) {
      return false;
    }
    if (until_look.is_over()) {
      until_look = Patience(kLook);
      if (ring_.has_lost_doorbell()) {
        bell_(transport_, number_);
      }
    }
    for (unsigned i = 0; i < kPausesALook && ring_.completed() == 0; ++i) {
      cpu::pause();
    }
  }
  return true;
}

bool RequestQueue::fail(std::string_view words, std::uint64_t first, std::uint64_t second,
                        std::uint64_t third) {
  return failure()(words, first, second, third);
}

std::nullopt_t RequestQueue::give_up(std::string_view why) {
  usable_ = false;
  fail(why);
  return std::nullopt;
}

}  // namespace mote::virtio
