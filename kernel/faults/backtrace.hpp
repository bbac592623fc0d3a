// Backtraces: return addresses found by following the chain of frame pointers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernel/cpu/addresses.hpp"

namespace mote {

// Follows the chain from `frame_pointer`, innermost call first, stores return addresses in
// `callers` until it is full, and returns their number. Reads nothing outside `stack`; stops where
// the chain leaves it, turns back, or leads out of `text`.
inline std::size_t walk_frames(std::uint64_t frame_pointer, AddressRange stack, AddressRange text,
                               std::span<std::uint64_t> callers) {
  // The frame's layout under -fno-omit-frame-pointer.
  struct Frame {
    std::uint64_t caller;
    std::uint64_t return_address;
  };
  std::size_t count = 0;
  while (count < callers.size() && frame_pointer % alignof(Frame) == 0 &&
         stack.contains(frame_pointer, sizeof(Frame))) {
    const auto& frame = *reinterpret_cast<const Frame*>(frame_pointer);
    if (!text.contains(frame.return_address, 1)) {
      break;
    }
    callers[count++] = frame.return_address;
    if (frame.caller <= frame_pointer) {
      break;
    }
    frame_pointer = frame.caller;
  }
  return count;
}

}  // namespace mote
