// The memory of queues and frames: blocks of one size, from a pool.
//
// A block holds a part of a connection's queue: text that was copied into it, and references to
// data elsewhere, such as the site pack. In front of its text there is room for a frame's headers,
// so the first frame of a reply is the block itself, with nothing copied again. Frames that begin
// elsewhere (in the middle of a long body), that reach into a second block, or whose block a device
// still reads, use another block for their headers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernel/limits.hpp"
#include "kernel/memory/arena.hpp"
#include "netstack/limits.hpp"
#include "netstack/plan.hpp"
#include "netstack/wire/headers.hpp"

namespace mote::netstack {

// The headers of a TCP segment's frame, without options.
struct FrameHeaders {
  EthernetHeader ethernet;
  Ipv4Header ip;
  TcpHeader tcp;
};
static_assert(sizeof(FrameHeaders) == 54 && alignof(FrameHeaders) == 1);

struct Block {
  static constexpr std::size_t kReferences = 6;
  static constexpr std::uint8_t kQueue = 0xFF;

  Block* next;               // in its queue
  Block* covered;            // of a frame that begins elsewhere: the first block it refers to
  std::uint32_t bytes;       // in the queue: text and what is referred to
  std::uint16_t holders;     // its queue, and frames that a device still reads
  std::uint8_t covers;       // blocks from `covered` on
  std::uint8_t references;   // in use
  std::uint16_t text_bytes;  // in use
  std::uint8_t interface;    // for headers of a frame that begins elsewhere; or kQueue
  bool has_headers;          // of a frame of its queue, which begins with its text
  std::array<std::uint32_t, kReferences> lengths;
  std::array<const std::byte*, kReferences> data;
  std::array<std::byte, limits::kHeadroom> headroom;  // for the driver
  FrameHeaders headers;
  std::array<std::byte, limits::kFirstTextBytes> text;

  // Text and references count as pieces, in this order.
  [[nodiscard]] bool has_room_for_reference() const { return references < kReferences; }
};
static_assert(offsetof(Block, text) == offsetof(Block, headers) + sizeof(FrameHeaders));

// The pool. Every connection may have kOwnBlocks; the others are shared by those that need more.
// And frames that begin elsewhere have some of their own, which return as soon as they are sent; an
// interface that stands still leaves the others some of these.
namespace blocks {

inline constexpr std::size_t kOwnBlocks = 2;

// Takes the pool's memory, once, before any other call. False: the arena has too little.
[[nodiscard]] bool set_up(Arena& arena, const Plan& plan);

// A block for a queue that has `held` already; null if it may have no more now. Held by its queue.
[[nodiscard]] Block* take(std::size_t held);

// Blocks that a queue with `held` may still take now.
[[nodiscard]] std::size_t left_for(std::size_t held);

// A block for the headers of a frame on this interface, held by the frame; null if it may have no
// more now. Call `cover` next.
[[nodiscard]] Block* take_for_frame(unsigned interface);

// A queue drops the front one of its `held` blocks.
void give_back(Block& block, std::size_t held);

// A frame with headers in `head` refers to so many blocks from `first` on, and holds them.
void cover(Block& head, Block* first, unsigned count);

// A frame's cookie for its device. Others' are aligned, so one bit tells them apart.
[[nodiscard]] inline void* cookie_of(Block& head) {
  return reinterpret_cast<std::byte*>(&head) + 1;
}
[[nodiscard]] inline bool is_cookie(const void* cookie) {
  return (reinterpret_cast<std::uintptr_t>(cookie) & 1) != 0;
}
[[nodiscard]] inline Block& block_of(void* cookie) {
  return *reinterpret_cast<Block*>(static_cast<std::byte*>(cookie) - 1);
}

// A device has read, or refused, a frame with its headers in `head`.
void frame_sent(Block& head);

// Blocks of the shared ones that nobody has; and of all that are in use, for reports.
[[nodiscard]] std::size_t shared_left();
[[nodiscard]] std::size_t used();
struct Usage {
  std::size_t blocks = 0;
  std::size_t used = 0;
  std::size_t most_used = 0;
  std::uint64_t failures = 0;
};
[[nodiscard]] Usage usage();

}  // namespace blocks
}  // namespace mote::netstack
