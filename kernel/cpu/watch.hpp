// Words of memory in which devices show that there is work. Watching them costs no exit to the
// hypervisor.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernel/limits.hpp"

namespace mote {

// A word that a device writes. Its bits under `mask` equal `quiet` as long as there is no work.
struct WatchedWord {
  const volatile std::uint32_t* word;
  std::uint32_t mask;
  std::uint32_t quiet;

  // Always inlined, because the idle path must lie in one place.
  [[gnu::always_inline, nodiscard]] bool has_changed() const { return (*word & mask) != quiet; }
};

// The words of all NICs, collected anew before each wait.
class Watch {
 public:
  // A word for which there is no room counts as changed at once, so that nobody waits.
  void add(const WatchedWord& word) {
    if (count_ == words_.size()) {
      words_[0] = kDue;
      return;
    }
    words_[count_++] = word;
  }

  // There is work already: don't wait.
  void add_due() { add(kDue); }

  [[nodiscard]] std::span<const WatchedWord> words() const {
    return std::span(words_).first(count_);
  }

  // Whether there is work.
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

  std::array<WatchedWord, limits::kWatchedWords> words_;  // not cleared, to save time
  std::size_t count_ = 0;
};

// The word that contains a field written by a device.
template <typename Field>
[[nodiscard]] inline const volatile std::uint32_t* word_at(const Field* field) {
  return reinterpret_cast<const volatile std::uint32_t*>(field);
}

}  // namespace mote
