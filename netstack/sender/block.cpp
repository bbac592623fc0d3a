// The pool of blocks for queues and frames.
#include "netstack/sender/block.hpp"

#include <algorithm>
#include <array>

#include "netstack/lwip/free_blocks.hpp"

namespace mote::netstack::blocks {
namespace {

constexpr std::size_t kBytes = (sizeof(Block) + 15) / 16 * 16;

struct Pool {
  FreeBlocks free;
  std::size_t count = 0;
  std::size_t used = 0;
  std::size_t shared = 0;  // for queues beyond their own
  std::size_t shared_used = 0;
  std::size_t frames = 0;  // for frames that begin elsewhere
  std::size_t frames_used = 0;
  std::array<std::uint16_t, limits::kInterfaces> frames_of{};  // used, by interface
  std::size_t promised = 0;  // of those left, to interfaces that use fewer than they are promised
  std::uint64_t failures = 0;
};
constinit Pool pool;

// The more of the shared blocks are in use, the fewer each queue may have: so a crowd that takes
// nothing can't use them up.
constexpr std::size_t kShare = 16;
// Of the blocks for frames, each interface is promised one in so many.
constexpr std::size_t kFramePromise = 32;

Block* take_any() {
  auto* const block = static_cast<Block*>(pool.free.take());
  if (block == nullptr) {
    ++pool.failures;
    return nullptr;
  }
  ++pool.used;
  block->next = nullptr;
  block->covered = nullptr;
  block->bytes = 0;
  block->holders = 1;
  block->covers = 0;
  block->references = 0;
  block->text_bytes = 0;
  block->interface = Block::kQueue;
  block->has_headers = false;
  return block;
}

std::size_t promise() { return pool.frames / kFramePromise; }

void let_go(Block& block) {
  if (--block.holders == 0) {
    --pool.used;
    pool.free.give_back(&block);
  }
}

}  // namespace

bool set_up(Arena& arena, const Plan& plan) {
  pool = {};
  pool.shared = plan.shared_blocks;
  pool.frames = plan.frame_blocks;
  pool.promised = limits::kInterfaces * promise();
  pool.count = kOwnBlocks * plan.pcbs + pool.shared + pool.frames;
  const std::span<std::byte> memory = arena.take<std::byte>(pool.count * kBytes, 16);
  pool.free = {memory, kBytes};
  return memory.size() == pool.count * kBytes;
}

std::size_t left_for(std::size_t held) {
  const std::size_t own = held < kOwnBlocks ? kOwnBlocks - held : 0;
  const std::size_t beyond = held > kOwnBlocks ? held - kOwnBlocks : 0;
  const std::size_t share = shared_left() / kShare;
  return own + (share > beyond ? share - beyond : 0);
}

Block* take(std::size_t held) {
  if (held >= kOwnBlocks) {
    if (left_for(held) == 0) {
      ++pool.failures;
      return nullptr;
    }
    ++pool.shared_used;
  }
  return take_any();
}

Block* take_for_frame(unsigned interface) {
  const bool is_promised = pool.frames_of[interface] < promise();
  const std::size_t left = pool.frames - pool.frames_used;
  if (left <= (is_promised ? 0 : pool.promised)) {
    return nullptr;
  }
  Block* const block = take_any();
  if (block != nullptr) {
    ++pool.frames_used;
    ++pool.frames_of[interface];
    pool.promised -= is_promised ? 1 : 0;
    block->interface = static_cast<std::uint8_t>(interface);
  }
  return block;
}

void give_back(Block& block, std::size_t held) {
  if (held > kOwnBlocks) {
    --pool.shared_used;
  }
  let_go(block);
}

void cover(Block& head, Block* first, unsigned count) {
  head.covered = first;
  head.covers = static_cast<std::uint8_t>(count);
  for (; count > 0; --count, first = first->next) {
    ++first->holders;
  }
}

void frame_sent(Block& block) {
  if (block.interface != Block::kQueue) {
    --pool.frames_used;
    --pool.frames_of[block.interface];
    pool.promised += pool.frames_of[block.interface] < promise() ? 1 : 0;
    Block* covered = block.covered;
    for (unsigned left = block.covers; left > 0; --left) {
      Block* const next = covered->next;
      let_go(*covered);
      covered = next;
    }
  }
  let_go(block);
}

std::size_t shared_left() { return pool.shared - pool.shared_used; }

std::size_t used() { return pool.used; }

Usage usage() { return {pool.count, pool.used, pool.free.most_used(), pool.failures}; }

}  // namespace mote::netstack::blocks
