// Words of memory by which devices show that there is something to do, to be watched without an
// exit to the hypervisor.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernel/limits.hpp"

namespace mote {

// A word that a device writes, and what some of its bits are as long as there is nothing to do.
struct WatchedWord {
  const volatile std::uint32_t* word;
  std::uint32_t mask;
  std::uint32_t quiet;

  // Inlined whatever the optimizer thinks, because the idle path must lie in one place.
  [[gnu::always_inline, nodiscard]] bool has_changed() const { return (*word & mask) != quiet; }
};

// Those of all NICs, gathered anew before each wait.
class Watch {
 public:
  // More than there is room for counts as changed at once: then nobody waits.
  void add(const WatchedWord& word) {
    if (count_ == words_.size()) {
      words_[0] = kDue;
      return;
    }
    words_[count_++] = word;
  }

  // There is something to do already.
  void add_due() { add(kDue); }

  [[nodiscard]] std::span<const WatchedWord> words() const {
    return std::span(words_).first(count_);
  }

  // Whether there is something to do.
  [[nodiscard]] bool has_changed() const {
    for (const WatchedWord& word : words()) {
      if (word.has_changed()) {
        return true;
      }
    }
    return false;
  }

 private:
  static constexpr std::uint32_t kAnyWord = 0;
  static constexpr WatchedWord kDue{.word = &kAnyWord, .mask = 0, .quiet = 1};

  std::array<WatchedWord, limits::kWatchedWords> words_;  // not cleared, for haste
  std::size_t count_ = 0;
};

// The word in which a field lies that a device writes.
template <typename Field>
[[nodiscard]] inline const volatile std::uint32_t* word_at(const Field* field) {
  return reinterpret_cast<const volatile std::uint32_t*>(field);
}

}  // namespace mote
