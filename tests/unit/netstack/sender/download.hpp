// A client's download from the machine over a line that may be bad, in virtual time.
#pragma once

#include <cstdint>
#include <map>
#include <random>

#include "tests/unit/netstack/sender/sack_peer.hpp"
#include "tests/unit/netstack/tcp_server.hpp"

namespace mote::world {

// What a line does to frames, in one direction.
struct LineHabits {
  Nanoseconds latency = milliseconds(40);
  Nanoseconds jitter{};       // at most so much more, without overtaking
  double loss = 0;            // each frame's chance
  double bursts = 0;          // each frame's chance to begin a burst of losses,
  unsigned burst_frames = 0;  // this long
  double duplicates = 0;
  double late = 0;  // the chance of being late, and overtaken
  Nanoseconds lateness{};
  double bytes_per_second = 0;  // 0: without limit
  double queue_bytes = 1e6;     // before a limit
  std::size_t mtu = 1500;       // longer frames are lost,
  bool says_so = true;          // and their sender is told
};

class RoughLine {
 public:
  RoughLine(const LineHabits& habits, unsigned seed) : habits(habits), random_(seed) {}

  void push(Bytes frame, Nanoseconds now);
  // A frame that has arrived by now, or an empty one.
  Bytes pop(Nanoseconds now);
  [[nodiscard]] bool empty() const { return frames_.empty(); }
  [[nodiscard]] std::uint64_t lost() const { return lost_; }

  LineHabits habits;

 private:
  [[nodiscard]] bool happens(double chance);
  [[nodiscard]] bool loses(Nanoseconds now);

  std::mt19937 random_;
  std::multimap<std::uint64_t, Bytes> frames_;
  unsigned burst_left_ = 0;
  Nanoseconds burst_ends_{};
  std::uint64_t latest_ = 0;  // when the last frame in order arrives
  double free_at_ = 0;        // when the bottleneck has sent all that came
  std::uint64_t lost_ = 0;
};

struct Download {
  Download(std::uint16_t port, const Habits& habits, const LineHabits& there,
           const LineHabits& back, unsigned seed);
  ~Download();
  Download(const Download&) = delete;
  Download& operator=(const Download&) = delete;

  // Fetches this many bytes of the server's body, and ends; `is_kept`: the server leaves that to
  // the client. False: it was reset, came wrong, or took longer than this.
  [[nodiscard]] bool fetch(std::size_t bytes, Nanoseconds most, bool is_kept = false);

  // Both sides and the lines, for a step of time.
  void pass(Nanoseconds step);

  [[nodiscard]] Nanoseconds took() const { return took_; }
  // The longest time that nothing came of the response though nothing was lost any more, less what
  // backing off before explains.
  [[nodiscard]] Nanoseconds longest_pause() const { return longest_pause_; }
  // Since an acknowledgement told the machine of progress last.
  [[nodiscard]] Nanoseconds silence() const { return clock::now() - progress_at_; }

  Machine& machine;
  SackPeer peer;
  RoughLine to_machine;
  RoughLine to_peer;

 private:
  [[nodiscard]] Nanoseconds step() const;
  void watch();

  Nanoseconds took_{};
  std::uint32_t progress_ = 0;
  std::uint64_t losses_ = 0;
  Nanoseconds progress_at_{};
  Nanoseconds lost_at_{};  // last, or that of the progress
  Nanoseconds longest_pause_{};
};

// Lets this much time pass with the machine alone, and loses what it sends.
void leave_alone(Nanoseconds time);

}  // namespace mote::world
