// Replaces kernel/cpu/mmio.hpp: the windows of the test's machine, and otherwise the test's memory.
#pragma once

#include <cstdint>

#include "kernel/cpu/addresses.hpp"
#include "tests/unit/machine/machine.hpp"

namespace mote::mmio {

template <typename T>
[[nodiscard]] T read(PhysicalAddress address) {
  FakeMachine* const machine = FakeMachine::current();
  if (machine != nullptr && machine->has(address.value, sizeof(T))) {
    return static_cast<T>(machine->read(address.value, sizeof(T)));
  }
  return *reinterpret_cast<const volatile T*>(address.value);
}

template <typename T>
void write(PhysicalAddress address, T value) {
  FakeMachine* const machine = FakeMachine::current();
  if (machine != nullptr && machine->has(address.value, sizeof(T))) {
    machine->write(address.value, sizeof(T), value);
    return;
  }
  *reinterpret_cast<volatile T*>(address.value) = value;
}

[[nodiscard]] inline std::uint8_t read8(PhysicalAddress a) { return read<std::uint8_t>(a); }
[[nodiscard]] inline std::uint16_t read16(PhysicalAddress a) { return read<std::uint16_t>(a); }
[[nodiscard]] inline std::uint32_t read32(PhysicalAddress a) { return read<std::uint32_t>(a); }
inline void write8(PhysicalAddress a, std::uint8_t value) { write(a, value); }
inline void write16(PhysicalAddress a, std::uint16_t value) { write(a, value); }
inline void write32(PhysicalAddress a, std::uint32_t value) { write(a, value); }

}  // namespace mote::mmio
