// Tests of KVM's clock: found by CPUID, and read while the hypervisor writes it.
#include "kernel/time/kvm_clock.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

namespace mote {
namespace {

// A machine with KVM's clock.
struct Kvm {
  struct Cpuid {
    std::uint32_t eax, ebx, ecx, edx;
  };
  std::uint32_t leaf = kvm::kFirstLeaf;
  std::uint32_t features = kvm::kFeatureClockSource2;
  kvm::WallClock wall{2, 1'709'210'000, 250'000'000};
  kvm::SystemTime system{4, 0, 1'000'000, 5'000'000'000, 0x8000'0000, 1, 0, {}};
  std::uint64_t counter = 3'000'000;
  std::vector<std::pair<std::uint32_t, std::uint64_t>> written;

  [[nodiscard]] Cpuid cpuid(std::uint32_t asked) const {
    if (asked == leaf) {
      return {leaf + 1, 0x4B4D'564B, 0x564B'4D56, 0x4D};
    }
    return asked == leaf + 1 ? Cpuid{features, 0, 0, 0} : Cpuid{};
  }
  void write_msr(std::uint32_t number, std::uint64_t value) {
    written.emplace_back(number, value);
    if (number == kvm::kMsrWallClock) {
      *reinterpret_cast<kvm::WallClock*>(value) = wall;
    } else if ((value & 1) != 0) {
      *reinterpret_cast<kvm::SystemTime*>(value & ~std::uint64_t{1}) = system;
    }
  }
  [[nodiscard]] std::uint64_t time_stamp() const { return counter; }
};

TEST_CASE("KVM is recognized by its signature in any leaf, and its clock by a feature bit") {
  Kvm machine;
  CHECK(kvm::has_clock(machine));
  machine.features = 1;
  CHECK_FALSE(kvm::has_clock(machine));
  machine = {};
  machine.leaf = kvm::kFirstLeaf + 0x100;
  CHECK(kvm::has_clock(machine));
  machine.leaf = kvm::kFirstLeaf + 0x10;
  CHECK_FALSE(kvm::has_clock(machine));
}

TEST_CASE("KVM's clock is the start's time plus the time since, and is switched off after") {
  Kvm machine;
  kvm::SharedMemory shared{};
  // 2,000,000 ticks, shifted left by one and halved, are as many nanoseconds.
  CHECK(kvm::read_clock(machine, shared) == 1'709'210'005'252'000'000);
  REQUIRE(machine.written.size() == 3);
  CHECK(machine.written.back() == std::pair{kvm::kMsrSystemTime, std::uint64_t{0}});
  machine.system.shift = -1;
  CHECK(kvm::read_clock(machine, shared) == 1'709'210'005'250'500'000);
  machine.counter = 999'999;  // less than the hypervisor's
  CHECK(kvm::read_clock(machine, shared) == 1'709'210'005'250'000'000);
}

TEST_CASE("a KVM that doesn't write, or is always writing, has no clock") {
  kvm::SharedMemory shared{};
  for (const std::uint32_t version : {0U, 3U}) {
    Kvm machine;
    machine.wall.version = version;
    CHECK_FALSE(kvm::read_clock(machine, shared).has_value());
    machine = {};
    machine.system.version = version;
    CHECK_FALSE(kvm::read_clock(machine, shared).has_value());
    CHECK(machine.written.back() == std::pair{kvm::kMsrSystemTime, std::uint64_t{0}});
  }
  Kvm machine;
  machine.wall.seconds = 0;
  CHECK_FALSE(kvm::read_clock(machine, shared).has_value());
  machine = {};
  machine.system.shift = 64;
  CHECK_FALSE(kvm::read_clock(machine, shared).has_value());
}

}  // namespace
}  // namespace mote
