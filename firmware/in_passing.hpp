// Uses a device for a moment, in memory that is lent for it.
#pragma once

#include <cstddef>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>

#include "kernel/console/console.hpp"
#include "kernel/memory/dma.hpp"
#include "kernel/memory/mmio_window.hpp"
#include "kernel/pci/pci.hpp"
#include "kernel/time/allowance.hpp"

namespace mote::in_passing {

// Prints where a device is.
inline void print_place(const pci::Function& function) { console::print("pci ", function.address); }
inline void print_place(const MmioWindow& window) {
  console::print("virtio-mmio 0x", console::Hex{window.base.value});
}

// Ends the device's access to memory, whether the BIOS or a driver allowed it.
inline void keep_off_memory(const pci::Function& function) { function.disable_bus_master(); }
inline void keep_off_memory(const MmioWindow&) {}  // can't be done

inline constexpr std::string_view kNoMemory = "no memory is left for it";

// Names a device that can't be used.
void tell(const auto& location, std::string_view error) {
  print_place(location);
  console::line(" is passed over: ", error);
}

// Makes a driver's object, calls `use(driver)`, and shuts the device down. The object and what it
// allocates come from kernel/memory/dma.hpp and are given back. False: the device couldn't be
// stopped, so that memory stays taken.
template <typename Driver>
[[nodiscard]] bool use(const auto& location, auto&& use) {
  static_assert(std::is_trivially_destructible_v<Driver>);
  if (allowance::is_over()) {
    tell(location, "no time is left for it");
    return true;
  }
  const std::size_t memory = dma::mark();
  const std::span<std::byte> place = dma::allocate(sizeof(Driver), alignof(Driver));
  if (place.empty()) {
    tell(location, kNoMemory);
    return true;
  }
  auto& driver = *new (place.data()) Driver;
  use(driver);
  const bool stopped = driver.shut_down();
  keep_off_memory(location);
  if (stopped) {
    dma::rewind(memory);
  }
  return stopped;
}

}  // namespace mote::in_passing
