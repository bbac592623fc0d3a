// UEFI's basic types (UEFI 2.10, 2.3.1), status codes (appendix D) and memory descriptors (7.2).
//
// Functions of the firmware's have Microsoft's calling convention (2.3.4); it is named, so that
// tests can run on a host with another one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace mote::uefi {

using Handle = void*;

// A status is an error if its highest bit is set.
enum class Status : std::uint64_t {
  kSuccess = 0,
  kLoadError = std::uint64_t{1} << 63 | 1,
  kInvalidParameter = std::uint64_t{1} << 63 | 2,
  kBufferTooSmall = std::uint64_t{1} << 63 | 5,
};

[[nodiscard]] constexpr bool failed(Status status) {
  return (static_cast<std::uint64_t>(status) >> 63) != 0;
}

// A pointer to a function of the firmware's.
template <typename Result, typename... Arguments>
using Function = Result(__attribute__((ms_abi)) *)(Arguments...);

struct Guid {
  std::uint32_t data1;
  std::uint16_t data2;
  std::uint16_t data3;
  std::array<std::uint8_t, 8> data4;

  friend constexpr bool operator==(const Guid&, const Guid&) = default;
};
static_assert(sizeof(Guid) == 16);

// 7.2.3, EFI_MEMORY_DESCRIPTOR. The firmware's may be longer: its size comes with the map.
struct MemoryDescriptor {
  std::uint32_t type;
  std::uint32_t reserved;
  std::uint64_t start;
  std::uint64_t virtual_start;
  std::uint64_t pages;
  std::uint64_t attributes;
};
static_assert(sizeof(MemoryDescriptor) == 40 && offsetof(MemoryDescriptor, pages) == 24);

inline constexpr std::uint64_t kPageBytes = 4096;

// 7.2.1, EFI_MEMORY_TYPE: those that an operating system may use after ExitBootServices (7.2,
// table 7.10), and those that it may not, by number.
namespace memory_type {
inline constexpr std::uint32_t kLoaderCode = 1;
inline constexpr std::uint32_t kLoaderData = 2;
inline constexpr std::uint32_t kBootServicesCode = 3;
inline constexpr std::uint32_t kBootServicesData = 4;
inline constexpr std::uint32_t kConventional = 7;
}  // namespace memory_type

}  // namespace mote::uefi
