// Blocks of one size, taken and given back in constant time.
//
// Fresh ones come from the unused end of their memory, so that nobody walks over it at boot and
// untouched memory stays untouched; those given back are listed in their own bytes.
#pragma once

#include <cstddef>
#include <span>

namespace mote::netstack {

class FreeBlocks {
 public:
  constexpr FreeBlocks() = default;
  FreeBlocks(std::span<std::byte> memory, std::size_t block_bytes)
      : memory_(memory.data()),
        fresh_(memory.data()),
        end_(memory.data() + memory.size() / block_bytes * block_bytes),
        block_bytes_(block_bytes) {}

  // Null when all are taken.
  [[nodiscard]] void* take() {
    if (free_ != nullptr) {
      Block* block = free_;
      free_ = block->next;
      return block;
    }
    if (fresh_ == end_) {
      return nullptr;
    }
    std::byte* block = fresh_;
    fresh_ += block_bytes_;
    return block;
  }

  void give_back(void* memory) {
    auto* block = static_cast<Block*>(memory);
    block->next = free_;
    free_ = block;
  }

  // Where a block begins, from the beginning of them all.
  [[nodiscard]] std::size_t offset_of(const void* memory) const {
    return static_cast<std::size_t>(static_cast<const std::byte*>(memory) - memory_);
  }

  // Whether the memory is in a block that was taken at some time.
  [[nodiscard]] bool owns(const void* memory) const { return memory >= memory_ && memory < fresh_; }

  // A fresh block is taken only when all others are in use: these were so at once.
  [[nodiscard]] std::size_t most_used() const {
    return block_bytes_ == 0 ? 0 : offset_of(fresh_) / block_bytes_;
  }

 private:
  struct Block {
    Block* next;
  };

  std::byte* memory_ = nullptr;
  std::byte* fresh_ = nullptr;
  std::byte* end_ = nullptr;
  std::size_t block_bytes_ = 0;
  Block* free_ = nullptr;
};

}  // namespace mote::netstack
