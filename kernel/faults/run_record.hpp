// The record of a run, in memory that outlives a warm reset: how the run is going or how it ended.
//
// Whoever reads it trusts none of it. Firmware may have written there, and after a power cut RAM
// holds anything: a record that isn't sound is no record.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

#include "kernel/platform/siphash.hpp"

namespace mote {

// How a run ends. While it lasts, its record says kSilent: nobody is left to write that.
enum class RunEnd : std::uint8_t { kSilent, kReset, kOff, kHalt, kPanic, kWatchdog };
inline constexpr std::size_t kRunEnds = 6;

struct RunRecord {
  static constexpr std::uint32_t kMagic = 0x5255'544D;  // "MTUR"
  static constexpr std::uint16_t kVersion = 1;
  static constexpr std::size_t kTextBytes = 64;

  std::uint32_t magic = kMagic;
  std::uint16_t version = kVersion;
  std::uint16_t bytes = sizeof(RunRecord);
  std::uint64_t sum = 0;                           // of what follows, as far as the text goes
  std::uint64_t lasted = ~std::uint64_t{0} << 32;  // seconds and their complement, in one store;
                                                   // not in the sum
  std::uint32_t runs = 1;                          // since power-on, this one included
  std::array<std::uint32_t, kRunEnds> ends{};      // of those before it, by RunEnd
  RunEnd end = RunEnd::kSilent;
  std::uint8_t text_bytes = 0;
  std::array<char, kTextBytes> text{};  // of a panic; printed with care, as anything may be in it
  std::uint16_t unused = 0;

  // Notes how long the run has lasted. Cheap, and whole even if the machine is reset meanwhile.
  constexpr void note_time(std::uint32_t seconds) {
    lasted = seconds | std::uint64_t{~seconds} << 32;
  }
  [[nodiscard]] constexpr std::uint32_t seconds() const {
    return static_cast<std::uint32_t>(lasted);
  }

  // Adds to the text, as far as there is room.
  constexpr void add(std::string_view more) {
    const std::string_view kept = more.substr(0, kTextBytes - text_bytes);
    std::ranges::copy(kept, text.begin() + text_bytes);
    text_bytes = static_cast<std::uint8_t>(text_bytes + kept.size());
  }
  [[nodiscard]] constexpr std::string_view words() const { return {text.data(), text_bytes}; }

  void seal() { sum = right_sum(); }
  [[nodiscard]] bool is_sound() const {
    return magic == kMagic && version == kVersion && bytes == sizeof(RunRecord) &&
           text_bytes <= kTextBytes && static_cast<std::size_t>(end) < kRunEnds &&
           seconds() == ~static_cast<std::uint32_t>(lasted >> 32) && sum == right_sum();
  }

 private:
  // A key for the sum only: it guards against accidents, not against anybody.
  static constexpr SipKey kKey{0x4D6F'7465, 0x7275'6E73};

  [[nodiscard]] std::uint64_t right_sum() const {
    const auto all = std::as_bytes(std::span(this, 1));
    const std::size_t first = offsetof(RunRecord, runs);
    return SipHash::of(kKey, all.subspan(first, offsetof(RunRecord, text) + text_bytes - first));
  }
};
static_assert(sizeof(RunRecord) == 120 && std::is_trivially_copyable_v<RunRecord>);
static_assert(std::has_unique_object_representations_v<RunRecord>);

}  // namespace mote
