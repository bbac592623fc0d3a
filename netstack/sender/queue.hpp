// A connection's queue: the bytes written and not yet acknowledged, as a range over pieces.
//
// Nothing in it is split, trimmed or moved. A frame is made by reading a range of the queue, the
// first time like any other; an acknowledgement takes whole blocks off the front.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "drivers/limits.hpp"
#include "kernel/memory/piece.hpp"
#include "netstack/sender/block.hpp"

namespace mote::netstack {

class SendQueue {
 public:
  // Sequence numbers stay comparable with this many bytes in a queue (RFC 9293, 3.4).
  static constexpr std::uint32_t kMostBytes = std::uint32_t{1} << 30;

  [[nodiscard]] std::uint32_t bytes() const { return bytes_; }
  [[nodiscard]] bool empty() const { return bytes_ == 0; }

  // Whether so many more blocks may be taken now.
  [[nodiscard]] bool has_room(std::size_t blocks) const {
    return blocks::left_for(empty() ? 0 : blocks_) >= blocks;
  }

  // Adds a message, whose first piece (at most kFirstTextBytes, or it is referenced like the
  // others) is copied. False: there is no memory, and nothing was added. At most kMessagePieces.
  static constexpr std::size_t kMessagePieces = 1 + Block::kReferences;
  [[nodiscard]] bool add_message(std::span<const Piece> pieces, std::size_t bytes);

  // Everything is acknowledged: begins anew with one empty block, the present one if no device
  // reads it any more. Null: no memory, and nothing changed.
  [[nodiscard, gnu::always_inline]] Block* restart() {
    if (blocks_ == 1 && front_->holders == 1) {
      front_at_ += front_->bytes;
      gone_ = 0;
      bytes_ = 0;
      last_read_ = nullptr;
      return front_;
    }
    Block* const block = blocks::take(0);
    if (block != nullptr) {
      drop(bytes_);
      front_ = back_ = block;
      blocks_ = 1;
    }
    return block;
  }
  // The block of `restart` has been filled with this many bytes.
  void note_filled(std::uint32_t bytes) { bytes_ = bytes; }

  // Adds a piece that stays where it is until acknowledged; or a copy of one. False: no memory.
  [[nodiscard]] bool add_reference(Piece piece);
  [[nodiscard]] bool add_copy(Piece piece);

  // Takes acknowledged bytes off the front.
  void drop(std::uint32_t bytes);

  // Gives everything back.
  void clear();

  // A part of the queue, for a frame: at most `kPartPieces` pieces, in consecutive blocks.
  static constexpr std::size_t kPartPieces = limits::kTxSegments - 1;  // one is for the headers
  struct Part {
    Block* first;         // the block where it begins
    std::uint8_t blocks;  // that it touches
    bool begins_block;    // it begins with the block's first byte
    std::uint8_t count;   // of pieces
    std::uint32_t bytes;
    std::array<Piece, kPartPieces> pieces;

    void clear() {
      first = nullptr;
      blocks = count = 0;
      bytes = 0;
    }
  };

  // Reads at most `bytes` from `offset` (bytes from the front) on.
  void read(std::uint32_t offset, std::uint32_t bytes, Part& part);

 private:
  // A place in the stream, counted from the connection's first byte, modulo 2^32.
  using Place = std::uint32_t;

  [[nodiscard]] Block* add_block();
  static void make_empty(Block& block);
  [[nodiscard]] static bool add_to(Block& block, Piece piece);
  // Gives back the blocks behind `back`, as far as there are more than `count`.
  void take_back(Block* back, std::uint16_t count);
  // The block with the byte at `place`, and where its own first byte is.
  Block* find(Place place, Place& start);

  Block* front_ = nullptr;
  Block* back_ = nullptr;
  Block* last_read_ = nullptr;  // the block where the last part ended: the next begins there
  Place last_read_at_ = 0;      // where it begins
  Place front_at_ = 0;          // where the front block begins
  std::uint32_t gone_ = 0;      // bytes of the front block that are acknowledged
  std::uint32_t bytes_ = 0;     // not acknowledged
  std::uint16_t blocks_ = 0;    // an empty queue may keep an empty one, with a frame's headers
};

}  // namespace mote::netstack
