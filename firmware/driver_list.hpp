// A list of drivers, from which one is chosen for each device.
#pragma once

namespace mote {

// Drivers for devices found in the same way, each with a `Location` and `drives(location)`.
template <typename... Devices>
struct DriverList {
  // Whether one of the drivers knows the device at `location`.
  template <typename Location>
  [[nodiscard]] static bool knows(const Location& location) {
    return (Devices::drives(location) || ...);
  }

  // Calls `use.operator()<Device>()` for the first driver that knows the device. False: none does.
  template <typename Location>
  static bool choose(const Location& location, auto&& use) {
    return ((Devices::drives(location) && (use.template operator()<Devices>(), true)) || ...);
  }
};

}  // namespace mote
