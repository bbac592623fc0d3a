// The queue: pieces go in at the back, acknowledged blocks leave at the front.
#include "netstack/sender/queue.hpp"

#include <algorithm>
#include <cstring>

namespace mote::netstack {

void SendQueue::make_empty(Block& block) {
  block.bytes = 0;
  block.text_bytes = 0;
  block.references = 0;
}

Block* SendQueue::add_block() {
  if (empty() && front_ != nullptr) {
    return front_;
  }
  Block* const block = blocks::take(blocks_);
  if (block == nullptr) {
    return nullptr;
  }
  if (back_ == nullptr) {
    front_ = block;
  } else {
    back_->next = block;
  }
  back_ = block;
  ++blocks_;
  return block;
}

bool SendQueue::add_to(Block& block, Piece piece) {
  if (!block.has_room_for_reference()) {
    return false;
  }
  block.data[block.references] = piece.data;
  block.lengths[block.references] = static_cast<std::uint32_t>(piece.bytes);
  ++block.references;
  block.bytes += static_cast<std::uint32_t>(piece.bytes);
  return true;
}

bool SendQueue::add_message(std::span<const Piece> pieces, std::size_t bytes) {
  Block* const block = add_block();
  if (block == nullptr) {
    return false;
  }
  const Piece& head = pieces.front();
  __builtin_memcpy(block->text.data(), head.data, head.bytes);
  block->text_bytes = static_cast<std::uint16_t>(head.bytes);
  std::size_t count = 0;
  for (const Piece& piece : pieces.subspan(1)) {
    if (piece.bytes != 0) {
      block->data[count] = piece.data;
      block->lengths[count] = static_cast<std::uint32_t>(piece.bytes);
      ++count;
    }
  }
  block->references = static_cast<std::uint8_t>(count);
  block->bytes = static_cast<std::uint32_t>(bytes);
  bytes_ += block->bytes;
  return true;
}

// A block that is full of text or references takes no more; a new one does.
bool SendQueue::add_reference(Piece piece) {
  if (piece.bytes == 0) {
    return true;
  }
  if (back_ == nullptr || !add_to(*back_, piece)) {
    Block* const block = add_block();
    if (block == nullptr) {
      return false;
    }
    (void)add_to(*block, piece);
  }
  bytes_ += static_cast<std::uint32_t>(piece.bytes);
  return true;
}

// All of it or nothing: what was taken for it is given back when the pool has no more.
bool SendQueue::add_copy(Piece piece) {
  const std::uint16_t before = blocks_;
  Block* const back = back_;
  const std::uint32_t bytes = bytes_;
  while (piece.bytes != 0) {
    Block* const block = add_block();
    if (block == nullptr) {
      take_back(back, before);
      bytes_ = bytes;
      if (empty() && front_ != nullptr) {
        make_empty(*front_);
      }
      return false;
    }
    const std::size_t part = std::min(piece.bytes, limits::kFirstTextBytes);
    std::memcpy(block->text.data(), piece.data, part);
    block->text_bytes = static_cast<std::uint16_t>(part);
    block->bytes = static_cast<std::uint32_t>(part);
    bytes_ += block->bytes;
    piece = {piece.data + part, piece.bytes - part};
  }
  return true;
}

void SendQueue::take_back(Block* back, std::uint16_t count) {
  Block* block = back == nullptr ? front_ : back->next;
  while (blocks_ > count) {
    Block* const next = block->next;
    blocks::give_back(*block, blocks_--);
    block = next;
  }
  back_ = back;
  (back == nullptr ? front_ : back->next) = nullptr;
}

// The last block stays, unless a device still reads it: the next reply's headers hardly differ from
// those in it.
void SendQueue::drop(std::uint32_t bytes) {
  bytes_ -= bytes;
  if (bytes_ == 0 && blocks_ == 1 && front_->holders == 1) {
    front_at_ += front_->bytes;
    gone_ = 0;
    last_read_ = nullptr;
    make_empty(*front_);
    return;
  }
  gone_ += bytes;
  while (front_ != nullptr && gone_ >= front_->bytes) {
    Block* const block = front_;
    gone_ -= block->bytes;
    front_at_ += block->bytes;
    front_ = block->next;
    if (last_read_ == block) {
      last_read_ = nullptr;
    }
    if (back_ == block) {
      back_ = nullptr;
    }
    blocks::give_back(*block, blocks_--);
  }
}

void SendQueue::clear() {
  while (front_ != nullptr) {
    Block* const block = front_;
    front_ = block->next;
    blocks::give_back(*block, blocks_--);
  }
  *this = {};
}

Block* SendQueue::find(Place place, Place& start) {
  Block* block = front_;
  start = front_at_;
  if (last_read_ != nullptr && place - front_at_ >= last_read_at_ - front_at_) {
    block = last_read_;
    start = last_read_at_;
  }
  while (place - start >= block->bytes) {
    start += block->bytes;
    block = block->next;
  }
  return block;
}

void SendQueue::read(std::uint32_t offset, std::uint32_t bytes, Part& part) {
  Place start = 0;
  Block* block = find(front_at_ + gone_ + offset, start);
  std::uint32_t skip = front_at_ + gone_ + offset - start;  // bytes of the block before the part
  part.first = block;
  part.blocks = 0;
  part.begins_block = skip == 0;
  part.count = 0;
  part.bytes = 0;
  const auto add = [&](const std::byte* data, std::uint32_t length) {
    if (skip >= length) {
      skip -= length;
      return;
    }
    const std::uint32_t taken = std::min(length - skip, bytes - part.bytes);
    part.pieces[part.count++] = {data + skip, taken};
    part.bytes += taken;
    skip = 0;
  };
  const auto is_full = [&] { return part.bytes == bytes || part.count == kPartPieces; };
  for (; block != nullptr && !is_full(); start += block->bytes, block = block->next) {
    last_read_ = block;
    last_read_at_ = start;
    ++part.blocks;
    add(block->text.data(), block->text_bytes);
    for (unsigned at = 0; at < block->references && !is_full(); ++at) {
      add(block->data[at], block->lengths[at]);
    }
  }
}

}  // namespace mote::netstack
