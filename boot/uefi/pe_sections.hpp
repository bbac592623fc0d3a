// The sections of the loader itself, as the firmware has loaded it (Microsoft PE and COFF
// Specification 8.3, 2.5 and 3; UEFI 2.10, 2.1.1).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace mote::uefi {

// The part of a loaded image that holds a section, without the padding at its end. Empty if there
// is no such section, or the headers are broken.
[[nodiscard]] inline std::span<const std::byte> find_section(std::span<const std::byte> image,
                                                             std::array<char, 8> name) {
  constexpr std::size_t kNewHeaderAt = 0x3C;      // 2.1: where "PE\0\0" is
  constexpr std::size_t kSections = 4 + 2;        // 2.3, from there: NumberOfSections
  constexpr std::size_t kOptionalBytes = 4 + 16;  // SizeOfOptionalHeader
  constexpr std::size_t kOptional = 4 + 20;
  constexpr std::size_t kSectionBytes = 40;  // 3, the section table's entry
  constexpr std::size_t kVirtualSize = 8;
  constexpr std::size_t kVirtualAddress = 12;
  const auto read = [&](std::size_t at, std::size_t bytes) -> std::uint32_t {
    std::uint32_t value = 0;
    if (at <= image.size() && bytes <= image.size() - at) {
      __builtin_memcpy(&value, image.data() + at, bytes);
    }
    return value;
  };

  const std::size_t header = read(kNewHeaderAt, 4);
  const std::size_t count = read(header + kSections, 2);
  std::size_t at = header + kOptional + read(header + kOptionalBytes, 2);
  for (std::size_t i = 0; i < count; ++i, at += kSectionBytes) {
    if (at > image.size() || kSectionBytes > image.size() - at) {
      break;
    }
    if (__builtin_memcmp(image.data() + at, name.data(), name.size()) == 0) {
      const std::size_t start = read(at + kVirtualAddress, 4);
      const std::size_t bytes = read(at + kVirtualSize, 4);
      const bool fits = start <= image.size() && bytes <= image.size() - start;
      return fits ? image.subspan(start, bytes) : std::span<const std::byte>();
    }
  }
  return {};
}

}  // namespace mote::uefi
