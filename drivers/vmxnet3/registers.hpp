// vmxnet3's registers and commands, and the way to reach them.
//
// VMware publishes no data sheet. The sources are the headers of VMware's own drivers,
// vmxnet3_defs.h and upt1_defs.h (Copyright 2008-2020 VMware, Inc.; in Linux 5.10 under
// drivers/net/vmxnet3). Names in quotes in this folder are from there. We use the interface's
// revision 1, which every version of the device offers.
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>

namespace mote::vmxnet3 {

// Registers are 32 bits wide, 8 bytes apart. BAR 1, "virtual device": slow, each access traps.
namespace device_register {
inline constexpr std::uint32_t kRevision = 0x00;     // VRRS: a bit for each offered; choose one
inline constexpr std::uint32_t kUptVersion = 0x08;   // UVRS: likewise
inline constexpr std::uint32_t kSharedLow = 0x10;    // DSAL: address of the shared area
inline constexpr std::uint32_t kSharedHigh = 0x18;   // DSAH
inline constexpr std::uint32_t kCommand = 0x20;      // CMD: write a command, read its result
inline constexpr std::uint32_t kAddressLow = 0x28;   // MACL: the first four octets, from bit 0 on
inline constexpr std::uint32_t kAddressHigh = 0x30;  // MACH: the other two
}  // namespace device_register

// BAR 0, "pass-through": interrupt masks and doorbells of interrupt, queue and ring 0.
namespace fast_register {
inline constexpr std::uint32_t kInterruptMask = 0x000;     // IMR: 1 masks it
inline constexpr std::uint32_t kTransmitProducer = 0x600;  // TXPROD: the next free descriptor
inline constexpr std::uint32_t kReceiveProducer = 0x800;   // RXPROD: likewise, of the first ring
inline constexpr std::uint32_t kReceiveProducer2 = 0xA00;  // RXPROD2: of the second one
}  // namespace fast_register

inline constexpr std::uint32_t kWindowBytes = 4096;  // of either BAR

// "VMXNET3_REV_1" and UPT version 1, as bits of VRRS and UVRS.
inline constexpr std::uint32_t kRevision1 = 1 << 0;
inline constexpr std::uint32_t kUptVersion1 = 1 << 0;

// The device has carried out a command when the write returns. Commands that may fail return 0 on
// success.
enum class Command : std::uint32_t {
  kActivate = 0xCAFE0000,  // reads the shared area and begins
  kQuiesce = 0xCAFE0001,   // stops; keeps its settings
  kReset = 0xCAFE0002,     // stops; forgets its settings
  kUpdateReceiveMode = 0xCAFE0003,
  kGetLink = 0xF00D0002,                 // bit 0: up; from bit 16 on the speed in Mbit/s
  kGetPermanentAddressLow = 0xF00D0003,  // octets as in MACL
  kGetPermanentAddressHigh = 0xF00D0004,
};
inline constexpr std::uint32_t kLinkUp = 1;

// A way to reach one device's registers. `open` comes first; it returns an empty text, or what is
// missing.
template <typename T>
concept Registers = requires(T registers, const T& constant, const typename T::Location& location,
                             std::uint32_t offset, std::uint32_t value) {
  { registers.open(location) } -> std::same_as<std::string_view>;
  { constant.read_device(offset) } -> std::same_as<std::uint32_t>;
  { constant.write_device(offset, value) } -> std::same_as<void>;
  { constant.write_fast(offset, value) } -> std::same_as<void>;

  // Whether the device's interrupts reach us.
  { constant.can_interrupt() } -> std::same_as<bool>;
};

}  // namespace mote::vmxnet3
