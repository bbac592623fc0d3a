// Finds, programs and feeds the timer.
#include "drivers/i6300esb/watchdog.hpp"

#include <algorithm>

#include "drivers/i6300esb/registers.hpp"
#include "kernel/cpu/mmio.hpp"
#include "kernel/memory/paging.hpp"

namespace mote::i6300esb {
namespace {

// Each of the two stages lasts half of the time.
std::uint32_t preload_for(Nanoseconds time) {
  constexpr std::uint64_t kPerMillisecond = milliseconds(1).value;
  const std::uint64_t units = time.value / kPerMillisecond * kClockKhz / kClocksInUnit / 2;
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(units, 1, kMostPreload));
}

}  // namespace

bool Watchdog::knows(const pci::Function& function) {
  return function.vendor == kVendor && function.device_id == kDevice;
}

std::string_view Watchdog::open(const pci::Function& function) {
  const pci::Bar bar = function.bar(0);
  if (!bar || bar.is_io || bar.bytes < kWindowBytes) {
    return "its registers have no place in memory";
  }
  if (!paging::map_device({bar.address}, kWindowBytes)) {
    return "its registers can't be mapped";
  }
  function_ = function;
  registers_ = {bar.address};
  function_.enable_bus_master();
  return {};
}

bool Watchdog::has_fired() const { return (mmio::read16(registers_ + kReload) & kTimeout) != 0; }

// The counter takes a preload value when it enters that value's stage, so the values come first.
bool Watchdog::start(Nanoseconds time) const {
  constexpr std::uint16_t kOthers =
      static_cast<std::uint16_t>(~(kOutputOff | kByMicroseconds | kNoInterrupt));
  const bool is_locked = (function_.read8(kLock) & kLocked) != 0;
  if (is_locked && (function_.read8(kLock) & (kEnable | kFreeRunning)) != kEnable) {
    return false;
  }
  const auto others = static_cast<std::uint16_t>(function_.read16(kConfiguration) & kOthers);
  function_.write16(kConfiguration, others | kNoInterrupt);
  const std::uint32_t value = preload_for(time);
  write_preload(kPreload1, value);
  write_preload(kPreload2, value);
  unlock();
  mmio::write16(registers_ + kReload, kTimeout);
  if (!is_locked) {
    function_.write8(kLock, kEnable);
  }
  feed();
  return true;
}

void Watchdog::feed() const {
  unlock();
  mmio::write16(registers_ + kReload, kReloadNow);
}

void Watchdog::stop() const { function_.write8(kLock, 0); }

void Watchdog::write_preload(std::uint32_t offset, std::uint32_t value) const {
  unlock();
  mmio::write32(registers_ + offset, value);
}

void Watchdog::unlock() const {
  mmio::write16(registers_ + kReload, kKey1);
  mmio::write16(registers_ + kReload, kKey2);
}

}  // namespace mote::i6300esb
