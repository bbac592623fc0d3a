// The x86 I/O ports: in, out and ins, one instruction each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernel/cpu/addresses.hpp"

namespace mote::port {

[[nodiscard]] inline std::uint8_t in8(IoPort port) {
  std::uint8_t value;
  asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port.value) : "memory");
  return value;
}

[[nodiscard]] inline std::uint16_t in16(IoPort port) {
  std::uint16_t value;
  asm volatile("inw %1, %0" : "=a"(value) : "Nd"(port.value) : "memory");
  return value;
}

[[nodiscard]] inline std::uint32_t in32(IoPort port) {
  std::uint32_t value;
  asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port.value) : "memory");
  return value;
}

// Fills `to`, an even number of bytes, with words read from the same port one after the other.
inline void in16(IoPort port, std::span<std::byte> to) {
  std::byte* at = to.data();
  std::size_t words = to.size() / 2;
  asm volatile("rep insw" : "+D"(at), "+c"(words) : "d"(port.value) : "memory");
}

inline void out8(IoPort port, std::uint8_t value) {
  asm volatile("outb %0, %1" : : "a"(value), "Nd"(port.value) : "memory");
}

inline void out16(IoPort port, std::uint16_t value) {
  asm volatile("outw %0, %1" : : "a"(value), "Nd"(port.value) : "memory");
}

inline void out32(IoPort port, std::uint32_t value) {
  asm volatile("outl %0, %1" : : "a"(value), "Nd"(port.value) : "memory");
}

}  // namespace mote::port
