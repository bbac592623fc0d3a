// Finding the time stamp counter's frequency, and reading the clock.
//
// What the CPU or the hypervisor states is exact where it is true, and what a timer measures is
// true where the timer lives. So a stated frequency counts if a measured one agrees or there is no
// timer, and a timer's counts if the other timer agrees or there is no other.
#include "kernel/clock.hpp"

#include <optional>

#include "kernel/acpi.hpp"
#include "kernel/cpu.hpp"
#include "kernel/reference_timer.hpp"
#include "kernel/timeline.hpp"

namespace mote::clock {
namespace {

struct Frequency {
  std::uint64_t khz = 0;  // 0: unknown
  std::string_view source;

  explicit operator bool() const { return Timeline::is_plausible(khz); }
};

constinit Timeline timeline{};
constinit Frequency chosen{};

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

// The leaf that VMware proposed and QEMU and others give, too: EAX is the counter's kHz.
Frequency stated_by_hypervisor() {
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

// One reading of a timer, and of the counter about the same instant.
struct Sample {
  std::uint32_t timer;
  std::uint64_t ticks;
};

// The reading that took the shortest of several, for it was the least disturbed.
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

// Between two looks at a timer: about half a microsecond on a CPU, and few instructions.
void rest() {
  for (unsigned i = 0; i < 4; ++i) {
    cpu::pause();
  }
}

// Lets a timer run for a millisecond and counts the counter's ticks. A timer that stands still or
// jumps gives no frequency; the number of readings is bounded, for its time can't be trusted.
template <typename Timer>
std::uint64_t measure_khz(Timer timer) {
  constexpr std::uint64_t kWindow = Timer::kHertz / 1000;
  constexpr unsigned kMostReadings = 100'000;
  constexpr unsigned kStandstill = 200;  // readings of one value: 0.1 ms and more

  timer.start();
  const Sample first = sample(timer);
  std::uint32_t last = first.timer;
  unsigned unchanged = 0;
  std::uint64_t elapsed = 0;
  for (unsigned i = 0; i < kMostReadings && elapsed < kWindow && unchanged < kStandstill; ++i) {
    const std::uint32_t value = timer.read();
    unchanged = value == last ? unchanged + 1 : 0;
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
  const std::optional<acpi::Register> where = acpi::pm_timer();
  return where ? Frequency{measure_khz(PmTimer(*where)), "acpi pm timer"} : Frequency{};
}

Frequency measure_by_pit() { return {measure_khz(Pit{}), "pit"}; }

// Both timers; the power management timer, read in one access, wins a dispute that a second
// measurement does not settle.
Frequency measure() {
  Frequency by_pm_timer = measure_by_pm_timer();
  Frequency by_pit = measure_by_pit();
  if (by_pm_timer && by_pit && !frequencies_agree(by_pm_timer.khz, by_pit.khz)) {
    by_pm_timer = measure_by_pm_timer();
  }
  return by_pm_timer ? by_pm_timer : by_pit;
}

Frequency choose() {
  // Timers then run slow or fast by a factor of a few, which retries survive.
  constexpr Frequency kAssumed{2'000'000, "assumed, no timer answers"};

  const Frequency by_cpu = stated_by_cpu();
  const Frequency stated = by_cpu ? by_cpu : stated_by_hypervisor();
  if (!stated) {
    const Frequency measured = measure();
    return measured ? measured : kAssumed;
  }
  const Frequency by_pm_timer = measure_by_pm_timer();
  const Frequency measured = by_pm_timer ? by_pm_timer : measure_by_pit();
  return !measured || frequencies_agree(stated.khz, measured.khz) ? stated : measure();
}

}  // namespace

void initialize() {
  chosen = choose();
  timeline.start(cpu::time_stamp(), chosen.khz);
}

Nanoseconds now() { return {timeline.at(cpu::time_stamp())}; }

void wait(Nanoseconds time) {
  const Nanoseconds end = now() + time;
  while (now() < end) {
    cpu::pause();
  }
}

std::uint64_t frequency_khz() { return chosen.khz; }
std::string_view source() { return chosen.source; }

}  // namespace mote::clock
