// A pool of blocks for one test, as large as it says.
#pragma once

#include <vector>

#include "kernel/cpu/addresses.hpp"
#include "netstack/sender/block.hpp"

namespace mote::netstack {

class SomeBlocks {
 public:
  explicit SomeBlocks(const Plan& plan) : memory_(2 * 4096 + bytes_for(plan), std::byte{0xA5}) {
    const std::uint64_t start = physical(memory_.data()).value;
    Arena arena(AddressRange{start, start + memory_.size()});
    is_set_up_ = blocks::set_up(arena, plan);
  }
  ~SomeBlocks() {
    Arena none;
    (void)blocks::set_up(none, {});
  }
  SomeBlocks(const SomeBlocks&) = delete;
  SomeBlocks& operator=(const SomeBlocks&) = delete;

  [[nodiscard]] bool is_set_up() const { return is_set_up_; }

 private:
  static std::size_t bytes_for(const Plan& plan) {
    const std::size_t count =
        blocks::kOwnBlocks * plan.pcbs + plan.shared_blocks + plan.frame_blocks;
    return count * ((sizeof(Block) + 15) / 16 * 16);
  }

  std::vector<std::byte> memory_;
  bool is_set_up_ = false;
};

}  // namespace mote::netstack
