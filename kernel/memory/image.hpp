// Boundaries of the image's parts: symbols of boot/kernel.ld, each on a page boundary.
#pragma once

#include <cstddef>

#include "kernel/cpu/addresses.hpp"

extern "C" {

extern const std::byte __image_start[];
extern const std::byte __text_start[];
extern const std::byte __text_end[];
extern const std::byte __boot_text_start[];  // of the code that only reads settings
extern const std::byte __boot_text_end[];
extern const std::byte __sealed_start[];  // read-only after boot
extern const std::byte __sealed_end[];
extern const std::byte __stack_guard[];   // an unmapped page
extern const std::byte __stack_bottom[];  // the lowest byte, right above the guard
extern const std::byte __stack_top[];     // one past the highest byte
extern std::byte __kept[];                // a page that nobody clears at boot
extern const std::byte __image_end[];

}  // extern "C"

namespace mote {

inline constexpr std::size_t kKeptBytes = 4096;

// The kernel, with all of its static memory.
[[nodiscard]] inline AddressRange image_range() {
  return {physical(__image_start).value, physical(__image_end).value};
}

// The part of it that is code needed only until the settings are read.
[[nodiscard]] inline AddressRange boot_text_range() {
  return {physical(__boot_text_start).value, physical(__boot_text_end).value};
}

}  // namespace mote
