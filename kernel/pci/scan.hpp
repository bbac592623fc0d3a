// The walk over all PCI buses.
#pragma once

#include <bitset>
#include <concepts>
#include <cstdint>

#include "kernel/pci/config.hpp"

namespace mote::pci {

// Class and subclass, the upper half of the class register.
inline constexpr std::uint32_t kHostBridge = 0x0600;

template <ConfigSpace Space>
[[nodiscard]] std::uint32_t class_and_subclass(Space& space, Address address) {
  return space.read32(address, kClass) >> 16;
}

// Calls `found(Address)` for each function of each bus, until it returns false. Visits buses behind
// bridges under the numbers that firmware gave them, in rising order and each once, so that the
// walk ends whatever the bridges say. If bus 0 has more than one host bridge, there are root buses
// to which no bridge leads; then every bus is visited.
template <ConfigSpace Space, std::predicate<Address> Found>
class Scanner {
 public:
  Scanner(Space& space, Found found) : space_(space), found_(found) {}

  void scan() {
    pending_.set(0);
    scan_pending();
    if (host_bridges_ > 1) {
      pending_.set();
      scan_pending();
    }
  }

  // Only one device, whose function 0 is given: without that it has none (PCI 3.0, 3.2.2.3.4).
  void scan_device(Address address) {
    if (space_.read16(address, kVendor) == kNoVendor) {
      return;
    }
    const bool several = (space_.read8(address, kHeaderType) & kHeaderMultifunction) != 0;
    take(address);
    for (address.function = 1; several && address.function < kFunctions && !full_;
         ++address.function) {
      if (space_.read16(address, kVendor) != kNoVendor) {
        take(address);
      }
    }
  }

 private:
  static constexpr unsigned kBuses = 256;
  static constexpr std::uint8_t kDevices = 32;
  static constexpr std::uint8_t kFunctions = 8;

  // A bridge may lead back to a lower number, so one pass may not be enough; each pass except the
  // last visits a bus.
  void scan_pending() {
    bool again = true;
    while (again) {
      again = false;
      for (unsigned bus = 0; bus < kBuses && !full_; ++bus) {
        if (pending_[bus] && !visited_[bus]) {
          visited_.set(bus);
          again = true;
          scan_bus(static_cast<std::uint8_t>(bus));
        }
      }
    }
  }

  void scan_bus(std::uint8_t bus) {
    for (std::uint8_t device = 0; device < kDevices && !full_; ++device) {
      scan_device({bus, device, 0});
    }
  }

  void take(Address address) {
    if ((space_.read8(address, kHeaderType) & kHeaderKindMask) == kHeaderBridge) {
      pending_.set(space_.read8(address, kSecondaryBus));
    } else if (address.bus == 0 && class_and_subclass(space_, address) == kHostBridge) {
      ++host_bridges_;
    }
    full_ = !found_(address);
  }

  Space& space_;
  Found found_;
  std::bitset<kBuses> pending_;
  std::bitset<kBuses> visited_;
  unsigned host_bridges_ = 0;
  bool full_ = false;
};

}  // namespace mote::pci
