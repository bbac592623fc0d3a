// Finding the time stamp counter's frequency, and reading the clock.
#include "kernel/time/clock.hpp"

#include <algorithm>
#include <optional>

#include "kernel/acpi/acpi.hpp"
#include "kernel/cpu/cpu.hpp"
#include "kernel/time/frequency.hpp"
#include "kernel/time/patience.hpp"
#include "kernel/time/reference_timer.hpp"
#include "kernel/time/timeline.hpp"

namespace mote::clock {
namespace {

constinit Timeline timeline{};

// Used until the frequency is known. No CPU's counter has been faster. With a slow one of 100 MHz,
// a wait for 20 ms takes a second, but so early there is at most one.
constexpr std::uint64_t kFastestKhz = 5'000'000;

[[gnu::section(".sealed")]] constinit Frequency chosen{kFastestKhz, "not known yet"};

// Assumed when there is no source. Timers are then wrong by a factor of a few, which retries
// survive.
constexpr std::uint64_t kAssumedKhz = 2'000'000;

// Intel SDM 2A, CPUID leaf 15h: the counter's ratio to a crystal, and the crystal's hertz.
Frequency stated_by_cpu() {
  if (cpu::last_leaf(0) < cpu::kTscLeaf) {
    return {};
  }
  const cpu::Cpuid leaf = cpu::cpuid(cpu::kTscLeaf);
  const std::uint64_t denominator = leaf.eax;
  const std::uint64_t numerator = leaf.ebx;
  const std::uint64_t crystal_hz = leaf.ecx;
  if (denominator == 0 || numerator == 0 || crystal_hz == 0) {
    return {};
  }
  return {crystal_hz * numerator / denominator / 1000, "cpuid 15h"};
}

// The leaf that VMware proposed, given by QEMU and others too: EAX is the counter's kHz.
Frequency given_by_hypervisor() {
  if (!cpu::under_hypervisor()) {
    return {};
  }
  const std::uint32_t last = cpu::last_leaf(cpu::kHypervisorLeaf);
  constexpr std::uint32_t kNoSuchHypervisorLeaf = cpu::kHypervisorLeaf + 0x1'0000;
  if (last < cpu::kHypervisorTimingLeaf || last >= kNoSuchHypervisorLeaf) {
    return {};
  }
  return {cpu::cpuid(cpu::kHypervisorTimingLeaf).eax, "cpuid 40000010h"};
}

// A reading of a timer, and of the counter at about the same instant.
struct Sample {
  std::uint32_t timer;
  std::uint64_t ticks;
};

// Reads several times and returns the quickest reading, which was the least disturbed.
template <typename Timer>
Sample sample(const Timer& timer) {
  constexpr unsigned kReadings = 4;
  Sample best{};
  std::uint64_t shortest = ~std::uint64_t{0};
  for (unsigned i = 0; i < kReadings; ++i) {
    const std::uint64_t before = cpu::time_stamp();
    const std::uint32_t value = timer.read();
    const std::uint64_t took = cpu::time_stamp() - before;
    if (took < shortest) {
      shortest = took;
      best = {value, before + took / 2};
    }
  }
  return best;
}

// Pauses between two reads of a timer: about half a microsecond on a CPU, in few instructions.
void rest() {
  for (unsigned i = 0; i < 4; ++i) {
    cpu::pause();
  }
}

// Lets a timer run for a millisecond and counts the counter's ticks. A timer that stands still or
// jumps gives no frequency. The counter bounds the wait, since the timer can't be trusted to. A
// faster host gets more turns out of a millisecond, so this counts as idling.
template <typename Timer>
[[gnu::section(".text.idle"), gnu::noinline]] std::uint64_t measure_khz(Timer timer) {
  constexpr std::uint64_t kWindow = Timer::kHertz / 1000;
  constexpr Nanoseconds kLongest = milliseconds(20);
  const std::uint64_t standstill = ticks_in(microseconds(100));  // without a new value

  timer.start();
  const Sample first = sample(timer);
  std::uint32_t last = first.timer;
  std::uint64_t changed = first.ticks;
  std::uint64_t elapsed = 0;
  Patience patience(kLongest);
  while (elapsed < kWindow && !patience.is_over()) {
    const std::uint32_t value = timer.read();
    const std::uint64_t now = cpu::time_stamp();
    if (value != last) {
      changed = now;
    } else if (now - changed > standstill) {
      break;
    }
    last = value;
    elapsed = Timer::between(first.timer, value);
    rest();
  }
  const Sample end = sample(timer);
  timer.stop();
  elapsed = Timer::between(first.timer, end.timer);
  if (elapsed < kWindow || end.ticks <= first.ticks) {
    return 0;
  }
  return (end.ticks - first.ticks) * Timer::kHertz / elapsed / 1000;
}

Frequency measure_by_pm_timer() {
  const std::optional<IoPort> where = acpi::pm_timer();
  return where ? Frequency{measure_khz(PmTimer(*where)), "acpi pm timer"} : Frequency{};
}

Frequency measure_by_pit() { return {measure_khz(Pit{}), "pit"}; }

}  // namespace

void initialize() {
  chosen = choose_frequency(given_by_hypervisor(), stated_by_cpu(), measure_by_pm_timer,
                            measure_by_pit, Frequency{});
  if (chosen.khz == 0) {
    chosen.khz = kAssumedKhz;
  }
  timeline.start(cpu::time_stamp(), chosen.khz);
}

Nanoseconds now() { return {timeline.at(cpu::time_stamp())}; }

std::uint64_t ticks_in(Nanoseconds time) {
  constexpr Nanoseconds kMost = milliseconds(1'000'000);
  constexpr std::uint64_t kNanosecondsPerMillisecond = 1'000'000;
  return std::min(time, kMost).value * chosen.khz / kNanosecondsPerMillisecond + 1;
}

void wait(Nanoseconds time) {
  const Nanoseconds end = now() + time;
  while (now() < end) {
    cpu::pause();
  }
}

std::uint64_t frequency_khz() { return chosen.khz; }
std::string_view source() { return chosen.source; }

}  // namespace mote::clock
