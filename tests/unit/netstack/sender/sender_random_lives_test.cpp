// Lives of downloads decided by seeds: over lines that lose, delay, reorder, double and narrow, to
// clients with good habits and bad ones. Each byte must arrive, without a storm, without a pause
// that no loss explains, and nothing may stay behind. MOTE_LIVES says how many, MOTE_LIFE which one
// alone.
#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

#include "netstack/lwip/heap.hpp"
#include "netstack/sender/congestion/congestion.hpp"
#include "netstack/sender/sender.hpp"
#include "tests/unit/netstack/sender/download.hpp"

using namespace mote;
using namespace mote::world;

namespace {

constexpr unsigned kLives = 300;
constexpr unsigned kLivesBetweenChecks = 50;

unsigned number_from(const char* name, unsigned otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? static_cast<unsigned>(std::strtoul(text, nullptr, 10)) : otherwise;
}

// Draws from a seed.
class Dice {
 public:
  explicit Dice(unsigned seed) : random_(seed) {}
  bool one_in(unsigned count) { return below(count) == 0; }
  std::uint32_t below(std::uint32_t limit) { return random_() % limit; }
  std::uint32_t between(std::uint32_t least, std::uint32_t most) {
    return least + below(most - least + 1);
  }
  double share(double most) { return most * below(1000) / 1000; }
  template <typename T, std::size_t N>
  T one_of(const T (&choices)[N]) {
    return choices[below(N)];
  }

 private:
  std::mt19937 random_;
};

Habits habits_of(Dice& dice) {
  Habits habits;
  habits.mss = dice.one_of<std::uint16_t>({1460, 1460, 1460, 1448, 1380, 536, 216});
  habits.scale = dice.one_of({-1, 0, 2, 7, 7, 8, 14});
  habits.sack = !dice.one_in(4);
  habits.duplicate_sack = !dice.one_in(4);
  habits.timestamps = dice.one_in(2);
  habits.window = dice.one_of<std::uint32_t>({4'000'000, 4'000'000, 200'000, 65'535, 8000});
  if (habits.scale == 14) habits.window = 4'000'000;
  habits.acknowledge_every = dice.one_of({1U, 2U, 2U, 2U, 8U, 30U});
  habits.delayed_ack = milliseconds(dice.one_of({10U, 40U, 40U, 200U}));
  if (dice.one_in(6)) habits.reneging = dice.share(0.05);
  if (dice.one_in(6)) habits.overclaiming = dice.share(0.1);
  if (dice.one_in(5)) habits.window_games = dice.share(0.1);
  habits.shrinks = dice.one_in(4);
  return habits;
}

LineHabits line_of(Dice& dice) {
  LineHabits line;
  line.latency = microseconds(dice.one_of({500U, 5000U, 20'000U, 40'000U, 100'000U}));
  if (dice.one_in(3)) line.jitter = microseconds(dice.between(1, 30'000));
  if (dice.one_in(2)) line.loss = dice.share(dice.one_in(5) ? 0.12 : 0.02);
  if (dice.one_in(4)) {
    line.bursts = dice.share(0.01);
    line.burst_frames = dice.between(2, 40);
  }
  if (dice.one_in(5)) line.duplicates = dice.share(0.1);
  if (dice.one_in(3)) {
    line.late = dice.share(0.1);
    line.lateness = microseconds(dice.between(500, 60'000));
  }
  if (dice.one_in(2)) {
    line.bytes_per_second = dice.one_of({50e3, 500e3, 2e6, 12e6});
    line.queue_bytes = line.bytes_per_second * dice.one_of({0.02, 0.1, 0.4}) + 6000;
  }
  return line;
}

std::size_t size_of(Dice& dice) {
  return dice.one_in(3)   ? dice.between(1, 15'000)
         : dice.one_in(3) ? dice.between(200'000, 1'500'000)
                          : dice.between(10'000, 200'000);
}

void choose_control(unsigned seed) {
  netstack::choose_congestion_control(seed % 2 == 0 ? netstack::CongestionControl::kCubic
                                                    : netstack::CongestionControl::kBbr);
}

std::string described(const Habits& habits, const LineHabits& back) {
  std::string text = "; mss " + std::to_string(habits.mss) + ", scale " +
                     std::to_string(habits.scale) + ", window " + std::to_string(habits.window) +
                     ", an ACK of " + std::to_string(habits.acknowledge_every);
  if (!habits.sack) text += ", no SACK";
  if (habits.reneging > 0) text += ", reneging";
  if (habits.overclaiming > 0) text += ", overclaiming";
  if (habits.window_games > 0) text += ", window games";
  if (habits.shrinks) text += ", shrinking";
  text += "; MTU " + std::to_string(back.mtu) + (back.says_so ? "" : " silent") + ", loss " +
          std::to_string(back.loss) + ", bursts " + std::to_string(back.bursts) + " of " +
          std::to_string(back.burst_frames);
  return text;
}

// How long a life may pause though nothing is lost: three timeouts. Where windows are shut again
// and again before what they let go arrives, there is no telling.
Nanoseconds most_pause(const Habits& habits, const LineHabits& there, const LineHabits& back) {
  Nanoseconds pause = milliseconds(1000) + habits.delayed_ack;
  if (habits.window_games > 0) pause = pause + milliseconds(2000);  // a window is shut so long
  for (const LineHabits& line : {there, back}) {
    pause = pause + line.latency + line.jitter + line.lateness;
    if (line.bytes_per_second > 0) {
      pause =
          pause +
          milliseconds(static_cast<std::uint64_t>(1000 * line.queue_bytes / line.bytes_per_second));
    }
  }
  return {3 * pause.value};
}

// Lives one life, and tells what was wrong with it.
std::string live(unsigned seed) {
  Dice dice(seed);
  choose_control(seed);
  const Habits habits = habits_of(dice);
  const LineHabits there = line_of(dice);
  LineHabits back = line_of(dice);
  const std::size_t bytes = size_of(dice);
  const bool narrows = dice.one_in(6);
  if (narrows) {
    back.mtu = dice.between(600, 1499);
    back.says_so = !dice.one_in(4);
  }
  Download download(static_cast<std::uint16_t>(1024 + seed % 60'000), habits, there, back, seed);
  const bool is_well = download.fetch(bytes, milliseconds(3'600'000));
  const SackPeer& peer = download.peer;
  const std::uint64_t lost = download.to_peer.lost();
  std::string wrong;
  if (peer.was_reset() && download.silence() >= netstack::Sender::kGivenUpPatience) {
    return wrong;  // the server had written everything, and given the connection up
  }
  if (!is_well) {
    wrong = peer.was_reset() ? "reset" : "not whole";
  } else if (peer.bytes() > 2 * bytes + peer.thrown_away() + 40'000 + 30'000 * lost) {
    wrong = "a storm";
  } else if ((habits.window_games == 0 || !habits.shrinks) &&
             download.longest_pause() > most_pause(habits, there, back)) {
    wrong = "a pause of " + std::to_string(download.longest_pause().value / 1'000'000) + " ms";
  }
  if (wrong.empty()) return wrong;
  return wrong + ": seed " + std::to_string(seed) + ", " + std::to_string(peer.body().size()) +
         " of " + std::to_string(bytes) + " bytes in " + std::to_string(peer.segments()) +
         " segments, " + std::to_string(peer.bytes()) + " bytes, " + std::to_string(lost) +
         " lost, " + std::to_string(download.took().value / 1'000'000) + " ms" +
         described(habits, back);
}

// What the machine holds when nobody is connected.
struct Holdings {
  std::size_t packets = Packet::free_count();
  std::size_t blocks = netstack::heap::used();
  std::size_t senders = netstack::Sender::count();
  bool operator==(const Holdings&) const = default;
};

}  // namespace

TEST_CASE("each byte of each life arrives, without a storm, and leaves nothing behind") {
  server();
  body();
  leave_alone(milliseconds(1000));
  const Holdings at_rest;
  const unsigned only = number_from("MOTE_LIFE", ~0U);
  const unsigned lives = only == ~0U ? number_from("MOTE_LIVES", kLives) : 1;
  for (unsigned at = 0; at < lives; ++at) {
    const unsigned seed = only == ~0U ? at : only;
    const std::string wrong = live(seed);
    CHECK_MESSAGE(wrong.empty(), wrong);
    // The lives after this one know nothing of its path.
    leave_alone(milliseconds(11 * 60'000));
    if (at % kLivesBetweenChecks == kLivesBetweenChecks - 1 || at + 1 == lives) {
      INFO("after seed ", seed);
      CHECK(Holdings() == at_rest);
    }
  }
}
