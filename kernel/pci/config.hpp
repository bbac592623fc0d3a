// PCI configuration space: its registers (PCI Local Bus 3.0, 6.1) and how to decode them.
//
// Works on any `ConfigSpace`, the machine's or a test's.
#pragma once

#include <array>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace mote::pci {

// A function's place on the bus.
struct Address {
  std::uint8_t bus = 0;
  std::uint8_t device = 0;    // 0 to 31
  std::uint8_t function = 0;  // 0 to 7
  friend constexpr auto operator<=>(const Address&, const Address&) = default;
};

// Access to the registers of every function. Reads where nothing answers give all ones.
template <typename Space>
concept ConfigSpace = requires(Space& space, Address address, std::uint16_t offset) {
  { space.read8(address, offset) } -> std::same_as<std::uint8_t>;
  { space.read16(address, offset) } -> std::same_as<std::uint16_t>;
  { space.read32(address, offset) } -> std::same_as<std::uint32_t>;
  space.write16(address, offset, std::uint16_t{});
  space.write32(address, offset, std::uint32_t{});
};

// Offsets of registers in the header.
inline constexpr std::uint16_t kVendor = 0x00;
inline constexpr std::uint16_t kDevice = 0x02;
inline constexpr std::uint16_t kCommand = 0x04;
inline constexpr std::uint16_t kStatus = 0x06;
inline constexpr std::uint16_t kClass = 0x08;  // 32 bits: class, subclass, interface, revision
inline constexpr std::uint16_t kHeaderType = 0x0E;
inline constexpr std::uint16_t kBar0 = 0x10;
inline constexpr std::uint16_t kSecondaryBus = 0x19;    // header type 1 only
inline constexpr std::uint16_t kSubordinateBus = 0x1A;  // header type 1 only
inline constexpr std::uint16_t kMemoryBase = 0x20;      // header type 1 only
inline constexpr std::uint16_t kMemoryLimit = 0x22;     // header type 1 only
inline constexpr std::uint16_t kSubsystemVendor = 0x2C;
inline constexpr std::uint16_t kCapabilities = 0x34;

inline constexpr std::uint16_t kNoVendor = 0xFFFF;  // nothing answers at this address

inline constexpr std::uint16_t kCommandIo = 1 << 0;
inline constexpr std::uint16_t kCommandMemory = 1 << 1;
inline constexpr std::uint16_t kCommandBusMaster = 1 << 2;
inline constexpr std::uint16_t kCommandNoInterrupt = 1 << 10;
inline constexpr std::uint16_t kStatusCapabilities = 1 << 4;

inline constexpr std::uint8_t kHeaderKindMask = 0x7F;
inline constexpr std::uint8_t kHeaderDevice = 0;
inline constexpr std::uint8_t kHeaderBridge = 1;
inline constexpr std::uint8_t kHeaderMultifunction = 0x80;

inline constexpr std::uint32_t kBarIo = 1 << 0;
inline constexpr std::uint32_t kBarWidthMask = 3 << 1;
inline constexpr std::uint32_t kBar64 = 2 << 1;
inline constexpr std::uint32_t kBarIoAddress = ~std::uint32_t{0x3};
inline constexpr std::uint32_t kBarMemoryAddress = ~std::uint32_t{0xF};

// A base address register, decoded: a range of ports or of memory.
struct Bar {
  bool is_io = false;
  bool is_64 = false;
  std::uint64_t address = 0;  // 0: firmware assigned none
  std::uint64_t bytes = 0;    // 0: there is no such register

  explicit constexpr operator bool() const { return address != 0 && bytes != 0; }
};

struct Capability {
  std::uint8_t id = 0;
  std::uint8_t offset = 0;  // of its first byte, the id, in configuration space
};

// A function's capabilities, in the device's order. A list fits the 192 bytes after the header in
// steps of four; one that runs in a circle or leaves that room ends there.
class CapabilityList {
 public:
  static constexpr std::size_t kMax = 48;

  void add(Capability capability) { entries_[count_++] = capability; }
  [[nodiscard]] bool full() const { return count_ == kMax; }
  [[nodiscard]] const Capability* begin() const { return entries_.data(); }
  [[nodiscard]] const Capability* end() const { return entries_.data() + count_; }
  [[nodiscard]] std::size_t size() const { return count_; }

 private:
  std::array<Capability, kMax> entries_{};
  std::size_t count_ = 0;
};

template <ConfigSpace Space>
[[nodiscard]] CapabilityList list_capabilities(Space& space, Address address) {
  CapabilityList list;
  if ((space.read16(address, kStatus) & kStatusCapabilities) == 0) {
    return list;
  }
  constexpr std::uint8_t kAligned = 0xFC;  // the low two bits are reserved (6.7)
  constexpr std::uint8_t kFirst = 0x40;
  std::uint64_t seen = 0;  // a bit for each doubleword of the 256 bytes
  auto offset = static_cast<std::uint8_t>(space.read8(address, kCapabilities) & kAligned);
  while (offset >= kFirst && !list.full() && (seen >> (offset / 4) & 1) == 0) {
    seen |= std::uint64_t{1} << (offset / 4);
    const std::uint16_t head = space.read16(address, offset);
    list.add({static_cast<std::uint8_t>(head), offset});
    offset = static_cast<std::uint8_t>(head >> 8 & kAligned);
  }
  return list;
}

// Number of base address registers in a header of this type.
constexpr unsigned bar_count(std::uint8_t header_type) {
  switch (header_type & kHeaderKindMask) {
    case kHeaderDevice:
      return 6;
    case kHeaderBridge:
      return 2;
    default:
      return 0;
  }
}

constexpr std::uint16_t bar_offset(unsigned index) {
  return static_cast<std::uint16_t>(kBar0 + 4 * index);
}

// Whether register `index` begins a base address, rather than holding the upper half of one.
template <ConfigSpace Space>
[[nodiscard]] bool is_bar(Space& space, Address address, unsigned index) {
  if (index >= bar_count(space.read8(address, kHeaderType))) {
    return false;
  }
  unsigned at = 0;
  while (at < index) {
    const std::uint32_t low = space.read32(address, bar_offset(at));
    at += (low & kBarIo) == 0 && (low & kBarWidthMask) == kBar64 ? 2 : 1;
  }
  return at == index;
}

// Where a memory base address begins, without its size: `bytes` is 1. Empty if there is no such
// register, or no place. May be asked of a device in use.
template <ConfigSpace Space>
[[nodiscard]] Bar read_place(Space& space, Address address, unsigned index) {
  const std::uint32_t low =
      is_bar(space, address, index) ? space.read32(address, bar_offset(index)) : kBarIo;
  if ((low & kBarIo) != 0) {
    return {};
  }
  Bar bar{.address = low & kBarMemoryAddress, .bytes = 1};
  if ((low & kBarWidthMask) == kBar64 && index + 1 < bar_count(kHeaderDevice)) {
    const std::uint32_t upper = space.read32(address, bar_offset(index + 1));
    bar.address |= std::uint64_t{upper} << 32;
  }
  return bar;
}

// Stops a function from answering at its base addresses while they are changed.
template <ConfigSpace Space>
class DecodingOff {
 public:
  DecodingOff(Space& space, Address address)
      : space_(space), address_(address), command_(space.read16(address, kCommand)) {
    constexpr std::uint16_t kDecode = kCommandIo | kCommandMemory;
    space_.write16(address_, kCommand, static_cast<std::uint16_t>(command_ & ~kDecode));
  }
  ~DecodingOff() { space_.write16(address_, kCommand, command_); }
  DecodingOff(const DecodingOff&) = delete;
  DecodingOff& operator=(const DecodingOff&) = delete;

 private:
  Space& space_;
  Address address_;
  std::uint16_t command_;
};

// Writes all ones to a register, returns what stuck, and puts the old value back (6.2.5.1).
template <ConfigSpace Space>
[[nodiscard]] std::uint32_t probe(Space& space, Address address, std::uint16_t offset) {
  const std::uint32_t old = space.read32(address, offset);
  space.write32(address, offset, ~std::uint32_t{0});
  const std::uint32_t stuck = space.read32(address, offset);
  space.write32(address, offset, old);
  return stuck;
}

// Decodes and sizes a base address. The function doesn't answer at its addresses meanwhile, so call
// this before the device is used. An absent register gives an empty Bar.
template <ConfigSpace Space>
[[nodiscard]] Bar read_bar(Space& space, Address address, unsigned index) {
  if (!is_bar(space, address, index)) {
    return {};
  }
  const std::uint16_t offset = bar_offset(index);
  const std::uint32_t low = space.read32(address, offset);
  const DecodingOff decoding_off(space, address);
  const std::uint32_t low_mask = probe(space, address, offset);
  if ((low & kBarIo) != 0) {
    // Port addresses have 16 bits; a device may hardwire the register's upper half to zero.
    const std::uint32_t mask = (low_mask & kBarIoAddress) | 0xFFFF'0000;
    const std::uint32_t bytes = (low_mask & kBarIoAddress) == 0 ? 0 : ~mask + 1;
    return {.is_io = true, .address = low & kBarIoAddress & 0xFFFF, .bytes = bytes};
  }
  Bar bar{.address = low & kBarMemoryAddress};
  std::uint64_t mask = (low_mask & kBarMemoryAddress) | 0xFFFF'FFFF'0000'0000;
  bar.is_64 = (low & kBarWidthMask) == kBar64 && index + 1 < bar_count(kHeaderDevice);
  if (bar.is_64) {
    const auto upper = static_cast<std::uint16_t>(offset + 4);
    bar.address |= std::uint64_t{space.read32(address, upper)} << 32;
    mask = (mask & 0xFFFF'FFFF) | std::uint64_t{probe(space, address, upper)} << 32;
  }
  const bool none = (low_mask & kBarMemoryAddress) == 0 && (!bar.is_64 || mask >> 32 == 0);
  bar.bytes = none ? 0 : ~mask + 1;
  return bar;
}

// Writes a memory base address's place to its registers.
template <ConfigSpace Space>
void place_bar(Space& space, Address address, unsigned index, const Bar& bar) {
  const DecodingOff decoding_off(space, address);
  const std::uint16_t offset = bar_offset(index);
  space.write32(address, offset, static_cast<std::uint32_t>(bar.address));
  if (bar.is_64) {
    space.write32(address, static_cast<std::uint16_t>(offset + 4),
                  static_cast<std::uint32_t>(bar.address >> 32));
  }
}

}  // namespace mote::pci
