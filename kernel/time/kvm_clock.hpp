// KVM's paravirtual clock (Linux, Documentation/virt/kvm/x86/msr.rst and cpuid.rst).
//
// The machine is reached through a `Machine` with cpuid(leaf), write_msr(number, value) and
// time_stamp(), so that tests can supply their own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "kernel/cpu/addresses.hpp"

namespace mote::kvm {

// CPUID: the signature's leaf is here, or later in steps of 100h after other hypervisors' leaves.
// The features are in the leaf after it.
inline constexpr std::uint32_t kFirstLeaf = 0x4000'0000;
inline constexpr std::uint32_t kLeafStep = 0x100;
inline constexpr std::uint32_t kLeaves = 4;
inline constexpr std::uint32_t kSignatureB = 0x4B4D'564B;  // "KVMKVMKVM"
inline constexpr std::uint32_t kSignatureC = 0x564B'4D56;
inline constexpr std::uint32_t kSignatureD = 0x0000'004D;
inline constexpr std::uint32_t kFeatureClockSource2 = 1 << 3;

inline constexpr std::uint32_t kMsrWallClock = 0x4B56'4D00;
inline constexpr std::uint32_t kMsrSystemTime = 0x4B56'4D01;
inline constexpr std::uint64_t kSystemTimeEnable = 1;

// Memory that the hypervisor writes: the time of day at the machine's start, and the time since
// then. An odd version means that a write is in progress; zero, that there never was one.
struct WallClock {
  std::uint32_t version;
  std::uint32_t seconds;
  std::uint32_t nanoseconds;
};
static_assert(sizeof(WallClock) == 12);

struct SystemTime {
  std::uint32_t version;
  std::uint32_t padding;
  std::uint64_t time_stamp;  // the counter when this was written
  std::uint64_t nanoseconds;
  std::uint32_t multiplier;  // of the shifted counter, in 1/2^32 ns
  std::int8_t shift;         // to the left; negative: to the right
  std::uint8_t flags;
  std::uint8_t padding2[2];
};
static_assert(sizeof(SystemTime) == 32 && offsetof(SystemTime, shift) == 28);

struct alignas(64) SharedMemory {
  WallClock wall;
  SystemTime system;
};

// Whether KVM offers its clock.
template <typename Machine>
[[nodiscard]] bool has_clock(Machine& machine) {
  for (std::uint32_t i = 0; i < kLeaves; ++i) {
    const std::uint32_t leaf = kFirstLeaf + i * kLeafStep;
    const auto signature = machine.cpuid(leaf);
    if (signature.ebx == kSignatureB && signature.ecx == kSignatureC &&
        signature.edx == kSignatureD) {
      return (machine.cpuid(leaf + 1).eax & kFeatureClockSource2) != 0;
    }
  }
  return false;
}

// Nanoseconds from the machine's start to a reading of the counter; nothing if the shift is one
// that no hypervisor would use.
[[nodiscard]] constexpr std::optional<std::uint64_t> system_ns(const SystemTime& system,
                                                               std::uint64_t time_stamp) {
  if (system.shift <= -64 || system.shift >= 64) {
    return std::nullopt;
  }
  // Another CPU may have written this, whose counter may be a little ahead.
  const std::uint64_t ticks = time_stamp > system.time_stamp ? time_stamp - system.time_stamp : 0;
  const std::uint64_t shifted = system.shift >= 0 ? ticks << system.shift : ticks >> -system.shift;
  __extension__ using Wide = unsigned __int128;
  return system.nanoseconds + static_cast<std::uint64_t>(Wide{shifted} * system.multiplier >> 32);
}

// x86 keeps loads in order; this makes the compiler keep it too.
inline void keep_order() { asm volatile("" : : : "memory"); }

// A consistent copy of shared memory; nothing while it is being written, or if it never was.
template <typename Shared>
[[nodiscard]] std::optional<Shared> snapshot(const Shared& shared) {
  constexpr unsigned kTries = 100;
  for (unsigned i = 0; i < kTries; ++i) {
    keep_order();
    const std::uint32_t before = shared.version;
    keep_order();
    const Shared copy = shared;
    keep_order();
    if (before != 0 && before % 2 == 0 && shared.version == before) {
      return copy;
    }
  }
  return std::nullopt;
}

// Nanoseconds since 1970; nothing if the hypervisor doesn't answer. The virtual address of `shared`
// must be its physical one. Call only if has_clock().
template <typename Machine>
[[nodiscard]] std::optional<std::uint64_t> read_clock(Machine& machine, SharedMemory& shared) {
  shared = {};
  machine.write_msr(kMsrSystemTime, physical(&shared.system).value | kSystemTimeEnable);
  machine.write_msr(kMsrWallClock, physical(&shared.wall).value);
  const auto wall = snapshot(shared.wall);
  const auto system = snapshot(shared.system);
  machine.write_msr(kMsrSystemTime, 0);  // stop writing there
  const auto since_start = system ? system_ns(*system, machine.time_stamp()) : std::nullopt;
  if (!wall || wall->seconds == 0 || !since_start) {
    return std::nullopt;
  }
  constexpr std::uint64_t kSecond = 1'000'000'000;
  return wall->seconds * kSecond + wall->nanoseconds + *since_start;
}

}  // namespace mote::kvm
