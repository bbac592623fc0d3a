// The sources of the time of day: KVM's clock and the CMOS clock.
#include "kernel/time/wall_clock.hpp"

#include "kernel/acpi/acpi.hpp"
#include "kernel/cpu/cpu.hpp"
#include "kernel/cpu/port_io.hpp"
#include "kernel/time/clock.hpp"
#include "kernel/time/cmos_clock.hpp"
#include "kernel/time/kvm_clock.hpp"
#include "kernel/time/wall_time.hpp"

namespace mote::wall_clock {
namespace {

enum class Source : std::uint8_t { kNone, kKvm, kCmos };

// How often the source is read: a pause of the machine may show nowhere else, since the counter can
// stand still meanwhile. The CMOS clock's hours and date are read only once in kWholeInterval.
constexpr Nanoseconds kLookInterval = milliseconds(1'000);
constexpr Nanoseconds kWholeInterval = milliseconds(60'000);

// The second told last, and for how long it is told again, in ticks of the counter: each response
// asks for it. A counter that steps back is far outside.
struct Told {
  std::uint64_t second = 0;
  std::uint64_t at = 0;
  std::uint64_t holds = 0;
};

constinit WallTime time{};
constinit Told told{};
constinit Source source = Source::kNone;
constinit Nanoseconds next_look{};
constinit Nanoseconds next_whole{};
constinit bool is_binary = false;  // the CMOS clock's numbers, rather than BCD
constinit kvm::SharedMemory shared{};

struct ThisMachine {
  [[nodiscard]] static cpu::Cpuid cpuid(std::uint32_t leaf) { return cpu::cpuid(leaf); }
  static void write_msr(std::uint32_t number, std::uint64_t value) {
    cpu::write_msr(number, value);
  }
  [[nodiscard]] static std::uint64_t time_stamp() { return cpu::time_stamp(); }
};

// The index's top bit would mask non-maskable interrupts.
std::uint8_t read_cmos(std::uint8_t index) {
  constexpr IoPort kIndex{0x70};
  constexpr IoPort kData{0x71};
  port::out8(kIndex, index);
  return port::in8(kData);
}

bool learn_from_kvm() {
  ThisMachine machine;
  const auto ns = kvm::read_clock(machine, shared);
  if (ns) {
    time.learn(clock::now().value, *ns, *ns + 1);
  }
  return ns.has_value();
}

bool learn_from_cmos(std::optional<std::uint64_t> seconds) {
  if (seconds) {
    const std::uint64_t from = *seconds * WallTime::kSecond;
    time.learn(clock::now().value, from, from + WallTime::kSecond);
  }
  return seconds.has_value();
}

std::uint8_t century() { return cmos::century_register(acpi::cmos_clock().century); }

}  // namespace

void initialize() {
  ThisMachine machine;
  if (cpu::under_hypervisor() && kvm::has_clock(machine) && learn_from_kvm()) {
    source = Source::kKvm;
  } else if (!acpi::cmos_clock().absent && learn_from_cmos(cmos::read_time(read_cmos, century()))) {
    source = Source::kCmos;
  }
  is_binary = source == Source::kCmos && (read_cmos(cmos::kStatusB) & cmos::kBinary) != 0;
  next_look = clock::now() + kLookInterval;
  next_whole = clock::now() + kWholeInterval;
}

std::optional<std::uint64_t> nanoseconds() {
  return time.is_set() ? std::optional(time.at(clock::now().value)) : std::nullopt;
}

std::optional<std::uint64_t> now() {
  if (!time.is_set()) {
    return std::nullopt;
  }
  const std::uint64_t ticks = cpu::time_stamp();
  if (ticks - told.at >= told.holds) {
    const std::uint64_t ns = time.at(clock::now().value);
    const Nanoseconds rest{WallTime::kSecond - ns % WallTime::kSecond};
    told = {ns / WallTime::kSecond, ticks, clock::ticks_in(rest)};
  }
  return told.second;
}

void keep() {
  const Nanoseconds now = clock::now();
  if (source == Source::kNone || now < next_look) {
    return;
  }
  if (source == Source::kCmos && now < next_whole &&
      cmos::shows(read_cmos, time.at(now.value) / WallTime::kSecond, is_binary)) {
    next_look = now + kLookInterval;
    return;
  }
  // The CMOS clock can't be read during an update; then the next call tries again.
  if (source == Source::kKvm ? learn_from_kvm()
                             : learn_from_cmos(cmos::try_read(read_cmos, century()))) {
    told = {};
    next_look = now + kLookInterval;
    next_whole = now + kWholeInterval;
  }
}

}  // namespace mote::wall_clock
