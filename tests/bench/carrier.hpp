// Carries frames from one interface to another by a long line's rules, in real time.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <span>
#include <vector>

#include "tests/bench/long_line.hpp"

namespace bench {

inline constexpr unsigned kBatch = 64;  // frames between looks at the clock

[[noreturn]] void fail(const char* what);

// Since 1970, like the kernel's time stamps of packets.
Nanoseconds now();

// A packet socket on an interface, and the ring into which the kernel puts all that arrives there
// with the time of arrival. A ring, since a lab may not enlarge a socket's buffer.
class Port {
 public:
  struct Arrival {
    Nanoseconds when = 0;
    std::span<const std::uint8_t> frame;
    bool whole = false;
  };

  explicit Port(const char* interface);
  [[nodiscard]] int descriptor() const { return socket_; }

  // The next frame, if there is one; it is the kernel's again after done().
  bool next(Arrival& arrival) const;
  void done();

  // Sends frames; returns how many went before the interface refused one.
  [[nodiscard]] unsigned send(std::span<mmsghdr> messages) const;

  // Those for which the ring had no room, since the last call.
  [[nodiscard]] std::uint64_t missed() const;

 private:
  [[nodiscard]] std::uint8_t* slot() const;

  int socket_;
  std::uint8_t* ring_ = nullptr;
  std::uint32_t at_ = 0;
};

// The memory of all frames on their way, and which of it is free: what was used last comes first,
// since caches know it.
class Slots {
 public:
  static constexpr std::size_t kFrameBytes = 2048;

  Slots();
  [[nodiscard]] bool has(std::size_t count) const { return free_.size() >= count; }
  std::uint32_t take();
  void give(std::uint32_t slot) { free_.push_back(slot); }
  [[nodiscard]] std::uint8_t* data(std::uint32_t slot) const {
    return memory_ + slot * kFrameBytes;
  }
  [[nodiscard]] std::span<std::uint8_t> frame(std::uint32_t slot) const {
    return {data(slot), bytes_[slot]};
  }
  void fill(std::uint32_t slot, std::span<const std::uint8_t> frame);
  std::uint32_t copy(std::uint32_t slot);

 private:
  std::uint8_t* memory_ = nullptr;
  std::vector<std::uint16_t> bytes_;
  std::vector<std::uint32_t> free_;
};

// A capture file of nanoseconds and frames' beginnings (pcap, link type Ethernet).
class Capture {
 public:
  void open(const char* path);
  void add(Nanoseconds when, std::span<const std::uint8_t> frame) const;
  void close() const;

 private:
  std::FILE* file_ = nullptr;
};

// What the host did to a way, beside the line's own counts.
struct HostCounts {
  std::uint64_t at_once = 0;    // other than IPv4
  std::uint64_t too_large = 0;  // the interfaces must neither merge segments nor leave them uncut
  std::uint64_t no_room = 0;
  std::uint64_t refused = 0;  // by the interface
  std::uint64_t marked = 0;
  std::uint64_t sent = 0;
  Nanoseconds late = 0;  // behind the time due
  Nanoseconds late_most = 0;
};

// One way between two sockets.
class Carrier {
 public:
  enum class Captures : std::uint8_t { kWhatEnters, kWhatLeaves };

  Carrier(const Line& line, Port& from, const Port& to, Slots& slots, const Capture& capture,
          Captures captures);

  [[nodiscard]] int descriptor() const { return from_->descriptor(); }
  [[nodiscard]] Nanoseconds next_due() const {
    return travellers_.empty() ? ~Nanoseconds{0} : travellers_.next_due();
  }

  // Takes what has arrived; true if there may be more.
  bool receive();

  // Sends what is due.
  void deliver(Nanoseconds when);

  // Prints the counts as JSON.
  void tell() const;

 private:
  void enter(const Port::Arrival& arrival);
  void send_all(std::span<mmsghdr> messages);

  Way way_;
  Travellers travellers_;
  Port* from_;
  const Port* to_;
  Slots* slots_;
  const Capture* capture_;
  Captures captures_;
  Nanoseconds latest_ = 0;
  HostCounts host_;
};

}  // namespace bench
