// Waiting for something to do.
#include "firmware/idle.hpp"

#include "firmware/nics.hpp"
#include "kernel/cpu.hpp"
#include "kernel/watch.hpp"

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

void wait(Nanoseconds until) {
  Watch watch;
  nics::watch(watch);
  if (watch.has_changed()) {
    return;
  }
  const Nanoseconds now = clock::now();
  if (now < until) {
    const auto words = watch.words();
    spin(words.data(), words.data() + words.size(), clock::ticks_at(until));
  }
}

}  // namespace mote::idle
