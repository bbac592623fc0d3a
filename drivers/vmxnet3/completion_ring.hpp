// A ring of the device's completions. Only the device writes to it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "drivers/vmxnet3/descriptors.hpp"
#include "kernel/cpu/barriers.hpp"
#include "kernel/cpu/watch.hpp"

namespace mote::vmxnet3 {

class CompletionRing {
 public:
  // Takes over the ring's memory, for a device about to start.
  void restart(std::span<Words> ring) {
    ring_ = ring;
    std::ranges::fill(ring_, Words{});
    next_ = 0;
    generation_ = 1;
  }

  // The next completion, if there is one.
  [[nodiscard]] std::optional<Words> take() {
    const Words& entry = ring_[next_];
    Words words;
    words[kCompletionGeneration.word] = load(&entry[kCompletionGeneration.word]);
    if (kCompletionGeneration.of(words) != generation_) {
      return std::nullopt;
    }
    // The device writes the generation last; the other words are valid only if read after it.
    read_barrier();
    for (unsigned i = 0; i < kCompletionGeneration.word; ++i) {
      words[i] = load(&entry[i]);
    }
    if (++next_ == ring_.size()) {
      next_ = 0;
      generation_ ^= 1;
    }
    return words;
  }

  // The word that changes when there is one.
  [[nodiscard]] WatchedWord watched() const {
    constexpr std::uint32_t kMask = kCompletionGeneration.put(kCompletionGeneration.most());
    return {.word = &ring_[next_][kCompletionGeneration.word],
            .mask = kMask,
            .quiet = kMask ^ kCompletionGeneration.put(generation_)};
  }

 private:
  std::span<Words> ring_;
  std::size_t next_ = 0;
  std::uint32_t generation_ = 0;
};

}  // namespace mote::vmxnet3
