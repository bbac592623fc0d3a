// A disk's window: loads the blocks around what is read.
#include "volumes/disk.hpp"

#include <algorithm>

namespace mote::volumes {

bool Disk::read(std::uint64_t offset, std::span<std::byte> to) {
  if (offset > bytes() || to.size() > bytes() - offset || !spend(to.size())) {
    return false;
  }
  while (!to.empty()) {
    if (offset < window_offset_ || offset - window_offset_ >= window_filled_) {
      if (!load(offset)) {
        return false;
      }
    }
    const auto filled = window_.first(window_filled_).subspan(offset - window_offset_);
    const std::size_t count = std::min(filled.size(), to.size());
    std::ranges::copy(filled.first(count), to.begin());
    to = to.subspan(count);
    offset += count;
  }
  return true;
}

bool Disk::spend(std::size_t bytes) {
  bytes_left_ -= std::min<std::uint64_t>(bytes_left_, bytes);
  return bytes_left_ != 0;
}

// Fills the window with the blocks at its own size's multiple below `offset`, or with fewer at the
// disk's end.
bool Disk::load(std::uint64_t offset) {
  window_filled_ = 0;
  const std::uint64_t start = offset - offset % kWindowBytes;
  const auto count =
      static_cast<std::size_t>(std::min<std::uint64_t>(kWindowBytes, bytes() - start));
  if (!spend(count)) {
    return false;
  }
  if (!read_blocks_(device_, start / block_bytes_, window_.first(count))) {
    has_failed_ = true;
    return false;
  }
  window_offset_ = start;
  window_filled_ = count;
  return true;
}

}  // namespace mote::volumes
