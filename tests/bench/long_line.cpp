// Carries frames between two interfaces as a long line would (long_line.hpp).
//
//   long_line A B [delay_us=0] [mbit=0] [queue=0] [mark=0] [loss=0] [burst_start=0]
//                 [burst_frames=1] [reorder=0] [reorder_us=0] [duplicate=0] [seed=1] [capture=FILE]
//
// The same both ways. Odds are between 0 and 1; `queue` and `mark` are bytes. Prints `up`; once it
// was ended by SIGTERM or SIGINT, and all on its way has arrived, both ways' counts as JSON, out
// being from A to B. A capture has what an observer at A sees. Frames other than IPv4's cross at
// once: ARP belongs to a link, not to a long line.
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <span>
#include <string_view>

#include "tests/bench/carrier.hpp"

namespace {

using bench::Carrier;
using bench::Nanoseconds;

constexpr Nanoseconds kNever = ~Nanoseconds{0};

volatile sig_atomic_t stopped = 0;

struct Wish {
  bench::Line line;
  bench::Capture capture;
};

bool take_count(bench::Line& line, std::string_view name, double number) {
  struct Count {
    std::string_view name;
    std::uint64_t* value;
    std::uint64_t unit;
  };
  const Count counts[] = {{"delay_us", &line.delay, 1000},           {"mbit", &line.mbit, 1},
                          {"queue", &line.queue_bytes, 1},           {"mark", &line.mark_bytes, 1},
                          {"reorder_us", &line.reorder_delay, 1000}, {"seed", &line.seed, 1}};
  for (const Count& count : counts) {
    if (name == count.name) {
      *count.value = static_cast<std::uint64_t>(number) * count.unit;
      return number < 1e12;
    }
  }
  return false;
}

bool take_odds(bench::Line& line, std::string_view name, double number) {
  struct Odds {
    std::string_view name;
    double* value;
  };
  const Odds all[] = {{"loss", &line.loss},
                      {"burst_start", &line.burst_start},
                      {"reorder", &line.reorder},
                      {"duplicate", &line.duplicate}};
  for (const Odds& odds : all) {
    if (name == odds.name) {
      *odds.value = number;
      return number <= 1;
    }
  }
  return false;
}

// Stores NAME=VALUE; false if it isn't understood.
bool take(Wish& wish, std::string_view word) {
  const std::size_t cut = word.find('=');
  if (cut == std::string_view::npos) {
    return false;
  }
  const std::string_view name = word.substr(0, cut);
  const char* value = word.data() + cut + 1;
  if (name == "capture") {
    wish.capture.open(value);
    return true;
  }
  char* end = nullptr;
  const double number = std::strtod(value, &end);
  if (end == value || *end != '\0' || !(number >= 0)) {
    return false;
  }
  if (name == "burst_frames") {
    wish.line.burst_frames = number;
    return number >= 1;
  }
  return take_count(wish.line, name, number) || take_odds(wish.line, name, number);
}

// Delivers what is due; returns when that is to be done again.
Nanoseconds deliver(std::array<Carrier, 2>& ways) {
  Nanoseconds next = kNever;
  for (Carrier& way : ways) {
    way.deliver(bench::now());
    next = std::min(next, way.next_due());
  }
  return next;
}

// Until the time given, or one of the sources has a frame.
void wait_until(Nanoseconds next, std::span<pollfd> sources) {
  constexpr Nanoseconds kMost = 999'999'999;
  const Nanoseconds time = bench::now();
  const Nanoseconds pause = next <= time ? 0 : std::min(next - time, kMost);
  const timespec wait{0, static_cast<long>(pause)};
  if (ppoll(sources.data(), sources.size(), &wait, nullptr) < 0 && errno != EINTR) {
    bench::fail("ppoll");
  }
}

void receive(std::array<Carrier, 2>& ways) {
  constexpr int kTurns = 4;  // batches, before the other way gets its turn
  for (Carrier& way : ways) {
    for (int turn = 0; turn < kTurns && way.receive(); ++turn) {
    }
  }
}

void carry(std::array<Carrier, 2>& ways) {
  while (stopped == 0) {
    std::array<pollfd, 2> sources{
        {{ways[0].descriptor(), POLLIN, 0}, {ways[1].descriptor(), POLLIN, 0}}};
    wait_until(deliver(ways), sources);
    receive(ways);
  }
  // What is on its way still arrives.
  receive(ways);
  for (Nanoseconds next = deliver(ways); next != kNever; next = deliver(ways)) {
    wait_until(next, {});
  }
}

void end_by_signals() {
  struct sigaction action{};
  action.sa_handler = [](int) { stopped = 1; };
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
}

}  // namespace

int main(int count, char** arguments) {
  Wish wish;
  for (int at = 1; at < count; ++at) {
    if (at > 2 && !take(wish, arguments[at])) {
      std::fprintf(stderr, "long_line: %s is not understood\n", arguments[at]);
      return 2;
    }
  }
  if (count < 3) {
    std::fputs("usage: long_line A B [NAME=VALUE ...]\n", stderr);
    return 2;
  }
  end_by_signals();
  prctl(PR_SET_TIMERSLACK, 1UL);
  bench::Port a(arguments[1]);
  bench::Port b(arguments[2]);
  static bench::Slots slots;
  bench::Line back = wish.line;
  back.seed += std::uint64_t{1} << 20;  // other misfortunes on the way back
  std::array<Carrier, 2> ways{
      Carrier{wish.line, a, b, slots, wish.capture, Carrier::Captures::kWhatEnters},
      Carrier{back, b, a, slots, wish.capture, Carrier::Captures::kWhatLeaves}};
  std::puts("up");
  std::fflush(stdout);
  carry(ways);
  std::fputs("{\"out\": ", stdout);
  ways[0].tell();
  std::fputs(", \"back\": ", stdout);
  ways[1].tell();
  std::puts("}");
  wish.capture.close();
  return 0;
}
