// Waiting for something to do.
#include "firmware/idle.hpp"

#include "kernel/cpu.hpp"

namespace mote::idle {
namespace {

// Until one of the words changes, or the time stamp counter reads `end`.
[[gnu::section(".text.idle"), gnu::noinline]] void spin(const WatchedWord* first,
                                                        const WatchedWord* last,
                                                        std::uint64_t end) {
  do {
    for (const WatchedWord* word = first; word != last; ++word) {
      if (word->has_changed()) {
        return;
      }
    }
    cpu::pause();
  } while (cpu::time_stamp() < end);
}

}  // namespace

void wait(const Watch& watch, Nanoseconds until) {
  const Nanoseconds now = clock::now();
  if (now < until) {
    const auto words = watch.words();
    spin(words.data(), words.data() + words.size(),
         cpu::time_stamp() + clock::ticks_in(until - now));
  }
}

}  // namespace mote::idle
