// Follows chains in the file allocation table (FAT specification 1.03, section 4).
#include "volumes/fat_chain.hpp"

#include <algorithm>

#include "volumes/records.hpp"

namespace mote::volumes {

FatChain FatChain::of_directory(Disk& disk, const FatLayout& layout, std::uint32_t first) {
  if (first == 0) {
    first = layout.root_cluster;
  }
  if (first != 0) {
    return {disk, layout, first};
  }
  FatChain chain(disk, layout, kNoCluster);
  chain.at_ = layout.root;
  chain.left_ = layout.root_bytes;
  return chain;
}

FatChain::State FatChain::read(std::span<std::byte> to) {
  while (!to.empty()) {
    if (left_ == 0) {
      if (const State state = advance(to.size()); state != State::kRead) {
        return state;
      }
    }
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, to.size()));
    if (!disk_->read(at_, to.first(count))) {
      return State::kDamaged;
    }
    at_ += count;
    left_ -= count;
    to = to.subspan(count);
  }
  return State::kRead;
}

// Takes the next run of clusters, as long as is wanted or fits the disk's window: looking into the
// table after each would load table and content by turns.
FatChain::State FatChain::advance(std::uint64_t wanted) {
  if (is_at_end()) {
    return State::kEnd;
  }
  if (!exists(next_)) {
    return State::kDamaged;
  }
  wanted = std::max<std::uint64_t>(wanted, Disk::kWindowBytes);
  at_ = layout_->data + std::uint64_t{next_ - kFirstCluster} * layout_->cluster_bytes;
  std::uint32_t last = 0;
  do {
    last = next_;
    left_ += layout_->cluster_bytes;
    if (!follow(last)) {
      return State::kDamaged;
    }
  } while (left_ < wanted && next_ == last + 1 && exists(next_));
  return State::kRead;
}

// Sets the next cluster to the one behind this. Bad clusters and free ones don't exist (4).
bool FatChain::follow(std::uint32_t cluster) {
  const unsigned bits = layout_->entry_bits;
  const std::uint64_t at = layout_->table + std::uint64_t{cluster} * bits / 8;
  std::uint32_t entry = 0;
  if (!disk_->read(at, std::as_writable_bytes(std::span(&entry, 1)).first(bits == 32 ? 4 : 2))) {
    return false;
  }
  if (bits == 12) {
    entry = cluster % 2 == 0 ? entry & 0xFFF : entry >> 4;
  }
  const std::uint32_t all = bits == 32 ? 0x0FFF'FFFF : (1U << bits) - 1;
  entry &= all;
  next_ = entry >= all - 7 ? kNoCluster : entry;
  return true;
}

}  // namespace mote::volumes
