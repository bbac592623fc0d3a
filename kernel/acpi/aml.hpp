// Devices and their memory windows in AML, the code of DSDT and SSDTs (ACPI 6.5, 20.2 and 6.4).
//
// This is no interpreter. It knows three terms: `Device`, and in it `Name (_HID, "…")` with a
// string and `Name (_CRS, ResourceTemplate () {…})` with a constant; it skips all other bytes one
// by one. (kernel/acpi/aml_power.hpp knows a few more.) It sees neither what a method would compute
// nor names given elsewhere by `Scope` or `Alias`. Hypervisors write nothing more for virtio
// devices without a bus. No length is trusted: each is checked against the bytes that there are.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "kernel/acpi/tables.hpp"
#include "kernel/memory/mmio_window.hpp"

namespace mote::acpi {

// Encodings of terms (20.2.2 to 20.2.5).
namespace aml {
inline constexpr std::uint8_t kZero = 0x00;
inline constexpr std::uint8_t kOne = 0x01;
inline constexpr std::uint8_t kName = 0x08;
inline constexpr std::uint8_t kByte = 0x0A;
inline constexpr std::uint8_t kWord = 0x0B;
inline constexpr std::uint8_t kDword = 0x0C;
inline constexpr std::uint8_t kString = 0x0D;
inline constexpr std::uint8_t kQword = 0x0E;
inline constexpr std::uint8_t kBuffer = 0x11;
inline constexpr std::uint16_t kDevice = 0x825B;  // two bytes, 5B 82
inline constexpr std::uint16_t kRegion = 0x805B;
inline constexpr Signature kHid("_HID");
inline constexpr Signature kCrs("_CRS");
inline constexpr std::size_t kNameBytes = 5;  // the opcode and four letters

// How far into a device we look for its names. The devices we want are far smaller, and the limit
// bounds the work on a damaged table by its length times this.
inline constexpr std::size_t kBodyBytes = 1024;
}  // namespace aml

// Encodings of resource descriptors (6.4.2 and 6.4.3). Offsets are from the descriptor's start.
namespace resource {
inline constexpr std::uint8_t kLarge = 0x80;
inline constexpr std::uint8_t kSmallLength = 0x07;
inline constexpr std::uint8_t kEnd = 0x78;  // with its length bits zero
inline constexpr std::size_t kLargeHeader = 3;
inline constexpr std::uint8_t kMemory32 = 0x85;         // 6.4.3.3
inline constexpr std::uint8_t kMemory32Fixed = 0x86;    // 6.4.3.4
inline constexpr std::uint8_t kDwordAddress = 0x87;     // 6.4.3.5.2
inline constexpr std::uint8_t kInterrupts = 0x89;       // 6.4.3.6
inline constexpr std::uint8_t kQwordAddress = 0x8A;     // 6.4.3.5.1
inline constexpr std::uint8_t kExtendedAddress = 0x8B;  // 6.4.3.5.4
inline constexpr std::size_t kAddressType = 3;
inline constexpr std::uint8_t kAddressOfMemory = 0;
inline constexpr std::size_t kInterruptCount = 4;
inline constexpr std::size_t kFirstInterrupt = 5;
}  // namespace resource

// A part of AML preceded by its length (20.2.4): [begin, end) without that length.
struct AmlPackage {
  std::size_t begin;
  std::size_t end;
};

// The package whose length lies at `at`, if it ends within `code`.
[[nodiscard]] inline std::optional<AmlPackage> package_at(Bytes code, std::size_t at) {
  const auto lead = field<std::uint8_t>(code, at);
  const std::size_t more = lead >> 6;
  std::size_t length = more == 0 ? lead & 0x3F : lead & 0x0F;
  for (std::size_t i = 0; i < more; ++i) {
    length |= std::size_t{field<std::uint8_t>(code, at + 1 + i)} << (4 + 8 * i);
  }
  if (at > code.size() || length < 1 + more || length > code.size() - at) {
    return std::nullopt;
  }
  return AmlPackage{at + 1 + more, at + length};
}

// The constant integer at `at`; moves `at` past it (20.2.3).
[[nodiscard]] inline std::optional<std::uint64_t> take_integer(Bytes code, std::size_t& at) {
  const auto prefix = field<std::uint8_t>(code, at++);
  const auto take = [&]<typename T>(T value) {
    at += sizeof(T);
    return std::uint64_t{value};
  };
  switch (prefix) {
    case aml::kZero:
    case aml::kOne:
      return prefix;
    case aml::kByte:
      return take(field<std::uint8_t>(code, at));
    case aml::kWord:
      return take(field<std::uint16_t>(code, at));
    case aml::kDword:
      return take(field<std::uint32_t>(code, at));
    case aml::kQword:
      return take(field<std::uint64_t>(code, at));
    default:
      return std::nullopt;
  }
}

// The memory that one resource descriptor describes. `descriptor` is all of it.
[[nodiscard]] inline std::optional<MmioWindow> memory_of(Bytes descriptor) {
  // Type, flags and granularity come first, then four numbers of one width: smallest address,
  // largest address, the offset that the bridge adds, and the length.
  const auto address_space = [&]<typename T>(T, std::size_t smallest) -> MmioWindow {
    if (field<std::uint8_t>(descriptor, resource::kAddressType) != resource::kAddressOfMemory) {
      return {};
    }
    const std::uint64_t base = field<T>(descriptor, smallest);
    const std::uint64_t added = field<T>(descriptor, smallest + 2 * sizeof(T));
    return {{base + added}, field<T>(descriptor, smallest + 3 * sizeof(T))};
  };
  MmioWindow window;
  switch (field<std::uint8_t>(descriptor, 0)) {
    case resource::kMemory32:
      window = {{field<std::uint32_t>(descriptor, 4)}, field<std::uint32_t>(descriptor, 16)};
      break;
    case resource::kMemory32Fixed:
      window = {{field<std::uint32_t>(descriptor, 4)}, field<std::uint32_t>(descriptor, 8)};
      break;
    case resource::kDwordAddress:
      window = address_space(std::uint32_t{}, 10);
      break;
    case resource::kQwordAddress:
      window = address_space(std::uint64_t{}, 14);
      break;
    case resource::kExtendedAddress:
      window = address_space(std::uint64_t{}, 16);
      break;
    default:
      break;
  }
  const bool sane = window.base.value != 0 && window.bytes != 0 &&
                    window.bytes <= ~std::uint64_t{0} - window.base.value;
  return sane ? std::optional(window) : std::nullopt;
}

// The first memory window in a list of resource descriptors (6.4), with the list's first interrupt.
[[nodiscard]] inline std::optional<MmioWindow> first_memory(Bytes resources) {
  std::optional<MmioWindow> window;
  std::optional<std::uint32_t> interrupt;
  while (!resources.empty()) {
    const auto head = field<std::uint8_t>(resources, 0);
    const bool large = (head & resource::kLarge) != 0;
    const std::size_t bytes = large ? resource::kLargeHeader + field<std::uint16_t>(resources, 1)
                                    : 1u + (head & resource::kSmallLength);
    if (bytes > resources.size() || (!large && (head & resource::kEnd) == resource::kEnd)) {
      break;
    }
    const Bytes descriptor = resources.first(bytes);
    if (!window) {
      window = memory_of(descriptor);
    }
    if (!interrupt && head == resource::kInterrupts &&
        field<std::uint8_t>(descriptor, resource::kInterruptCount) != 0 &&
        bytes >= resource::kFirstInterrupt + sizeof(std::uint32_t)) {
      interrupt = field<std::uint32_t>(descriptor, resource::kFirstInterrupt);
    }
    resources = resources.subspan(bytes);
  }
  if (window) {
    window->interrupt = interrupt;
  }
  return window;
}

// The contents of the buffer at `at` (20.2.5.4): its package holds its size, then its bytes.
[[nodiscard]] inline Bytes buffer_at(Bytes code, std::size_t at) {
  const auto package =
      field<std::uint8_t>(code, at) == aml::kBuffer ? package_at(code, at + 1) : std::nullopt;
  if (!package) {
    return {};
  }
  const Bytes inside = code.first(package->end);
  std::size_t begin = package->begin;
  const auto size = take_integer(inside, begin);
  if (!size || begin > inside.size()) {
    return {};
  }
  return inside.subspan(begin, std::min<std::uint64_t>(*size, inside.size() - begin));
}

// Whether a string of exactly this text lies at `at` (20.2.3).
[[nodiscard]] inline bool is_string_at(Bytes code, std::size_t at, std::string_view text) {
  if (at > code.size() || code.size() - at < text.size() + 2 ||
      field<std::uint8_t>(code, at) != aml::kString) {
    return false;
  }
  const Bytes letters = code.subspan(at + 1, text.size() + 1);
  return std::ranges::equal(letters.first(text.size()), text, {},
                            [](std::byte b) { return static_cast<char>(b); }) &&
         letters.back() == std::byte{0};
}

// Whether a device begins at `at`, which lies in `code`. Called for every byte, so the first
// comparison rejects most of them.
[[nodiscard]] inline bool is_device_at(Bytes code, std::size_t at) {
  return code[at] == std::byte{aml::kDevice & 0xFF} &&
         field<std::uint16_t>(code, at) == aml::kDevice;
}

// Moves `at` to the next byte `lead` in a device's body, as far as we look, but not in a device
// nested in it. False: there is none.
[[nodiscard]] inline bool next_term(Bytes body, std::size_t& at, std::uint8_t lead) {
  const std::size_t end = std::min(body.size(), aml::kBodyBytes);
  for (std::size_t here = at; here < end; ++here) {
    if (is_device_at(body, here)) {
      if (const auto inner = package_at(body, here + sizeof(aml::kDevice))) {
        here = inner->end - 1;
      }
    } else if (body[here] == std::byte{lead}) {
      at = here;
      return true;
    }
  }
  return false;
}

// The body of the next device in a table, at or behind `at`, nested ones too; moves `at` into it.
// Empty: there is none.
[[nodiscard]] inline Bytes next_device(Bytes table, std::size_t& at) {
  for (std::size_t here = at; here < table.size(); ++here) {
    if (!is_device_at(table, here)) {
      continue;
    }
    const auto package = package_at(table, here + sizeof(aml::kDevice));
    if (package && package->begin < package->end) {
      at = here + 1;
      return table.subspan(package->begin, package->end - package->begin);
    }
  }
  return {};
}

// The memory window of a device with this body, if its hardware identifier is `hid`.
[[nodiscard]] inline std::optional<MmioWindow> device_window(Bytes body, std::string_view hid) {
  bool identified = false;
  std::optional<MmioWindow> window;
  for (std::size_t at = 0; next_term(body, at, aml::kName); ++at) {
    const auto name = field<std::uint32_t>(body, at + 1);
    const std::size_t value = at + aml::kNameBytes;
    if (name == aml::kHid.value) {
      identified = is_string_at(body, value, hid);
    } else if (name == aml::kCrs.value) {
      window = first_memory(buffer_at(body, value));
    }
  }
  return identified ? window : std::nullopt;
}

// Calls `sink(window)` for each device in a table with the hardware identifier `hid` and a memory
// window, in the table's order.
template <typename Sink>
void each_device_window(Bytes table, std::string_view hid, Sink sink) {
  std::size_t at = kHeaderBytes;
  for (Bytes body = next_device(table, at); !body.empty(); body = next_device(table, at)) {
    if (const auto window = device_window(body, hid)) {
      sink(*window);
    }
  }
}

}  // namespace mote::acpi
