// Enabling the local APIC, and its timer.
#include "kernel/interrupts/local_apic.hpp"

#include <algorithm>

#include "kernel/cpu/barriers.hpp"
#include "kernel/cpu/cpu.hpp"
#include "kernel/cpu/mmio.hpp"
#include "kernel/interrupts/vectors.hpp"
#include "kernel/memory/paging.hpp"
#include "kernel/time/clock.hpp"

namespace mote {
namespace {

// 11.4.1, table 11-1: offsets of registers. In x2APIC mode, offset N is MSR 800h + N / 16
// (11.12.1.2).
namespace apic_register {
constexpr std::uint32_t kBytes = 4096;
constexpr std::uint32_t kIdentifier = 0x020;
constexpr std::uint32_t kTaskPriority = 0x080;
constexpr std::uint32_t kEndOfInterrupt = 0x0B0;
constexpr std::uint32_t kSpurious = 0x0F0;
constexpr std::uint32_t kInService = 0x100;  // 256 bits: eight registers
constexpr std::uint32_t kRequested = 0x200;  // likewise
constexpr std::uint32_t kTimer = 0x320;      // LVT
constexpr std::uint32_t kPin0 = 0x350;       // LVT LINT0, where the 8259As are wired
constexpr std::uint32_t kInitialCount = 0x380;
constexpr std::uint32_t kCurrentCount = 0x390;
constexpr std::uint32_t kDivide = 0x3E0;
}  // namespace apic_register

constexpr std::uint32_t kMsrBase = 0x1B;        // IA32_APIC_BASE, 11.4.4
constexpr std::uint32_t kMsrDeadline = 0x6E0;   // IA32_TSC_DEADLINE, 11.5.4.1
constexpr std::uint32_t kMsrRegisters = 0x800;  // in x2APIC mode
constexpr std::uint64_t kBaseEnable = 1 << 11;  // EN
constexpr std::uint64_t kBaseX2Apic = 1 << 10;  // EXTD
constexpr std::uint64_t kBaseAddress = ~std::uint64_t{0xFFF};
constexpr std::uint32_t kSoftwareEnable = 1 << 8;  // 11.9
constexpr std::uint32_t kMasked = 1 << 16;         // 11.5.1, in every LVT entry
constexpr std::uint32_t kExternal = 7 << 8;        // ExtINT: an 8259A gives the vector
constexpr std::uint32_t kTimerDeadline = 2 << 17;  // 11.5.4; one-shot is 0
constexpr std::uint32_t kDivideByOne = 0b1011;     // 11.5.4, figure 11-10
constexpr std::uint32_t kMostCount = 0xFFFF'FFFF;

constexpr unsigned kFraction = 32;  // binary places of counts_per_tick_

}  // namespace

bool LocalApic::start() {
  constexpr Nanoseconds kWindow = microseconds(200);
  if (!begin()) {
    return false;
  }
  if (!by_deadline_) {
    clock::wait(kWindow);
  }
  return calibrate();
}

bool LocalApic::begin() {
  if (!open()) {
    return false;
  }
  write(apic_register::kSpurious, kSoftwareEnable | vector::kSpurious);
  write(apic_register::kTaskPriority, 0);
  write(apic_register::kPin0, kMasked);
  write(apic_register::kDivide, kDivideByOne);
  by_deadline_ = (cpu::cpuid(cpu::kFeatureLeaf).ecx & cpu::kTscDeadlineBit) != 0;
  if (by_deadline_) {
    write(apic_register::kTimer, kTimerDeadline | vector::kTimer);
    // 11.5.4.1: the write to the LVT in memory must be done before any write to the MSR.
    full_fence();
  } else {
    begin_measuring();
  }
  return true;
}

bool LocalApic::open() {
  if ((cpu::cpuid(cpu::kFeatureLeaf).edx & cpu::kApicBit) == 0) {
    return false;
  }
  const std::uint64_t base = cpu::read_msr(kMsrBase);
  const bool by_msr = (base & kBaseEnable) != 0 && (base & kBaseX2Apic) != 0;
  if ((base & kBaseEnable) == 0) {
    cpu::write_msr(kMsrBase, base | kBaseEnable);
  }
  base_ = {by_msr ? 0 : base & kBaseAddress & (cpu::physical_address_end() - 1)};
  return by_msr || paging::map_device(base_, apic_register::kBytes);
}

// Measures the timer against the time stamp counter: both run on if a hypervisor takes the CPU
// away.
void LocalApic::begin_measuring() {
  counts_per_tick_ = 0;
  write(apic_register::kTimer, kMasked | vector::kTimer);
  write(apic_register::kInitialCount, kMostCount);
  measured_from_ = cpu::time_stamp();
  first_count_ = read(apic_register::kCurrentCount);
}

bool LocalApic::calibrate() {
  if (by_deadline_ || counts_per_tick_ != 0) {
    return true;
  }
  const std::uint64_t ticks = cpu::time_stamp() - measured_from_;
  const std::uint32_t last = read(apic_register::kCurrentCount);
  // One that has run out says nothing; one that stands still or counts up never will.
  if (last != 0 && last < first_count_ && ticks != 0) {
    counts_per_tick_ = (std::uint64_t{first_count_ - last} << kFraction) / ticks;
  }
  if (counts_per_tick_ == 0) {
    begin_measuring();
    return false;
  }
  write(apic_register::kInitialCount, 0);
  write(apic_register::kTimer, vector::kTimer);
  return true;
}

void LocalApic::open_pin() const { write(apic_register::kPin0, kExternal); }
void LocalApic::close_pin() const { write(apic_register::kPin0, kMasked); }

std::uint32_t LocalApic::identifier() const {
  constexpr unsigned kShift = 24;  // 11.4.6; in x2APIC mode all 32 bits are the identifier
  const std::uint32_t value = read(apic_register::kIdentifier);
  return base_ == PhysicalAddress{} ? value : value >> kShift;
}

void LocalApic::start_timer(std::uint64_t ticks) const {
  if (by_deadline_) {
    cpu::write_msr(kMsrDeadline, cpu::time_stamp() + ticks);
    return;
  }
  __extension__ using Wide = unsigned __int128;
  const auto counts = static_cast<std::uint64_t>(Wide{ticks} * counts_per_tick_ >> kFraction);
  write(apic_register::kInitialCount,
        static_cast<std::uint32_t>(std::clamp<std::uint64_t>(counts, 1, kMostCount)));
}

void LocalApic::stop_timer() const {
  if (by_deadline_) {
    cpu::write_msr(kMsrDeadline, 0);
  } else {
    write(apic_register::kInitialCount, 0);
  }
}

bool LocalApic::bit(std::uint32_t first, std::uint8_t vector) const {
  constexpr std::uint32_t kRegisterBytes = 16;  // distance between registers
  return (read(first + vector / 32 * kRegisterBytes) >> vector % 32 & 1) != 0;
}

bool LocalApic::in_service(std::uint8_t vector) const {
  return bit(apic_register::kInService, vector);
}

bool LocalApic::is_requested(std::uint8_t vector) const {
  return bit(apic_register::kRequested, vector);
}

void LocalApic::end_of_interrupt() const { write(apic_register::kEndOfInterrupt, 0); }

std::uint32_t LocalApic::read(std::uint32_t offset) const {
  return base_ == PhysicalAddress{}
             ? static_cast<std::uint32_t>(cpu::read_msr(kMsrRegisters + offset / 16))
             : mmio::read32(base_ + offset);
}

void LocalApic::write(std::uint32_t offset, std::uint32_t value) const {
  if (base_ == PhysicalAddress{}) {
    cpu::write_msr(kMsrRegisters + offset / 16, value);
  } else {
    mmio::write32(base_ + offset, value);
  }
}

}  // namespace mote
