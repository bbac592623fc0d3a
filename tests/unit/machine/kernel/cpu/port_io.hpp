// Replaces kernel/cpu/port_io.hpp: the ports of the test's machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernel/cpu/addresses.hpp"
#include "tests/unit/machine/machine.hpp"

namespace mote::port {

template <typename T>
[[nodiscard]] T in(IoPort port) {
  FakeMachine* const machine = FakeMachine::current();
  return static_cast<T>(machine != nullptr ? machine->in(port.value, sizeof(T)) : ~0U);
}
[[nodiscard]] inline std::uint8_t in8(IoPort port) { return in<std::uint8_t>(port); }
[[nodiscard]] inline std::uint16_t in16(IoPort port) { return in<std::uint16_t>(port); }
[[nodiscard]] inline std::uint32_t in32(IoPort port) { return in<std::uint32_t>(port); }

inline void in16(IoPort port, std::span<std::byte> to) {
  for (std::size_t i = 0; i + 1 < to.size(); i += 2) {
    const std::uint16_t word = in16(port);
    to[i] = static_cast<std::byte>(word);
    to[i + 1] = static_cast<std::byte>(word >> 8);
  }
}

template <typename T>
void out(IoPort port, T value) {
  if (FakeMachine* const machine = FakeMachine::current()) {
    machine->out(port.value, sizeof(T), value);
  }
}
inline void out8(IoPort port, std::uint8_t value) { out(port, value); }
inline void out16(IoPort port, std::uint16_t value) { out(port, value); }
inline void out32(IoPort port, std::uint32_t value) { out(port, value); }

}  // namespace mote::port
