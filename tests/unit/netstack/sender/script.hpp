// One connection's Recovery in virtual time, for scripts: segments out, ACKs in.
#pragma once

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <vector>

#include "kernel/memory/arena.hpp"
#include "netstack/sender/recovery.hpp"
#include "tests/unit/netstack/sender/fake_congestion.hpp"

namespace mote::script {

using netstack::NextSegment;
using netstack::Recovery;
using netstack::Sequence;
using netstack::SequenceRange;
using Kind = NextSegment::Kind;

inline constexpr std::uint32_t kMss = 1000;
inline constexpr std::uint32_t kFirst = 0xFFFFF000;  // wraps around early

// The pool of ranges, of `count` beside the connections' own.
inline void give_ranges(std::size_t count) {
  static std::vector<std::unique_ptr<std::byte[]>> memories;
  const std::size_t bytes = (count * sizeof(netstack::FlightRange) + 3 * 4096) & ~4095UL;
  memories.push_back(std::make_unique<std::byte[]>(bytes + 4096));
  const auto at = (reinterpret_cast<std::uint64_t>(memories.back().get()) + 4095) & ~4095UL;
  Arena arena(AddressRange{at, at + bytes});
  static_cast<void>(Recovery::set_up(arena, count));
}

struct Script {
  explicit Script(bool peer_sends_sack = true, std::size_t ranges = 1000) {
    give_ranges(ranges);
    fake::congested = {};
    recovery.begin(now, {kFirst}, kMss, peer_sends_sack, {});
    fake::congested.window = 10 * kMss;
    limits = {.written = {kFirst},
              .window_edge = {kFirst + (1 << 20)},
              .largest_window = 1 << 20,
              .longest = 64 * kMss};
  }
  ~Script() {
    CHECK(fake::congested.begins <= 1);  // calm or warm, in its whole life
    recovery.end();
  }
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;

  void wait(std::uint64_t ms) { now = now + milliseconds(ms); }
  void write(std::uint32_t bytes) { limits.written = limits.written + bytes; }

  // The next segment, sent; offsets from the first byte.
  NextSegment send() {
    const NextSegment segment = recovery.next(now, limits);
    if (segment.kind != Kind::kNone) {
      recovery.note_sent(now, segment, limits);
    }
    return segment;
  }
  std::vector<NextSegment> send_all() {
    std::vector<NextSegment> segments;
    for (int i = 0; i < 1000; ++i) {
      const NextSegment segment = send();
      if (segment.kind == Kind::kNone) {
        break;
      }
      segments.push_back(segment);
    }
    return segments;
  }
  // Writes and sends segments of one MSS, `apart_ms` apart.
  void fly(int segments, std::uint64_t apart_ms = 0) {
    for (int i = 0; i < segments; ++i) {
      write(kMss);
      static_cast<void>(send());
      wait(apart_ms);
    }
  }
  // An ACK up to so many segments, with SACK blocks given in segments: {begin, end}.
  netstack::AckResult ack(std::uint32_t segments,
                          std::initializer_list<std::pair<std::uint32_t, std::uint32_t>> sacks = {},
                          bool carries_data = false, bool has_ece = false) {
    std::vector<SequenceRange> blocks;
    for (const auto& [begin, end] : sacks) {
      blocks.push_back({at(begin), at(end)});
    }
    return recovery.on_ack(now, at(segments), blocks, limits, carries_data, has_ece);
  }
  static Sequence at(std::uint32_t segments) { return Sequence{kFirst} + segments * kMss; }
  static std::uint32_t offset(Sequence sequence) { return sequence - Sequence{kFirst}; }

  // Lets time pass until the deadline, which is told in milliseconds from now.
  double to_deadline() {
    const Nanoseconds deadline = recovery.deadline();
    const double ms = static_cast<double>((deadline - now).value) / 1e6;
    now = deadline;
    is_alive = recovery.on_deadline(now);
    return ms;
  }

  Recovery recovery;
  netstack::SendLimits limits;
  Nanoseconds now = milliseconds(1'000'000);
  bool is_alive = true;
};

// Whether it is this; offsets from the first byte.
inline bool is(const NextSegment& segment, Kind kind, std::uint32_t begin, std::uint32_t end) {
  return segment.kind == kind && Script::offset(segment.range.begin) == begin &&
         Script::offset(segment.range.end) == end;
}

// A connection whose round trip is known: 80 ms, by its first segment.
struct Known : Script {
  explicit Known(bool peer_sends_sack = true) : Script(peer_sends_sack) {
    fly(1);
    wait(80);
    static_cast<void>(ack(1));
  }
  // Until so many segments were sent and acknowledged, one by one.
  void fly_and_acknowledge(std::uint32_t segments) {
    const auto open_window = [this] { limits.window_edge = limits.written + (1U << 20); };
    for (std::uint32_t i = 1; i < segments; ++i) {
      open_window();
      fly(1);
      wait(1);
      static_cast<void>(ack(i + 1));
    }
    open_window();
    static_cast<void>(ack(segments));
  }
  // To the timeout, over the tail loss probe.
  void time_out() {
    for (int i = 0; i < 4 && fake::congested.timeouts == 0; ++i) {
      to_deadline();
      if (fake::congested.timeouts == 0) static_cast<void>(send());
    }
  }
};

}  // namespace mote::script
