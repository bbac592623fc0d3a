// The ground floor's limits. Those of the floors above are in drivers/limits.hpp,
// netstack/limits.hpp, http/limits.hpp and firmware/limits.hpp; pools whose size depends on RAM are
// planned in firmware/plan.hpp.
#pragma once

#include <cstddef>

namespace mote::limits {

// Buffers in the packet pool, shared by all NICs: receive rings, echo replies in flight, and frames
// that lwIP holds. A machine with little RAM has fewer.
inline constexpr std::size_t kPackets = 640;

// Bytes of one packet buffer: headroom, a whole Ethernet frame, and tail room.
inline constexpr std::size_t kPacketBytes = 2048;

// Writable bytes in front of every frame, for a device's own header (virtio 1.2, 5.1.6: 12 bytes).
inline constexpr std::size_t kHeadroom = 16;

// With fewer free buffers than this (of kPackets), frames for lwIP are copied out of theirs (the
// copy-break), so that a slow reader can never starve a receive ring.
inline constexpr std::size_t kPacketReserve = 128;

// PCI functions that the scan remembers.
inline constexpr std::size_t kPciFunctions = 128;

// Buses into which a device can be plugged while the machine runs.
inline constexpr std::size_t kHotplugBuses = 32;

// Register windows remembered of those that ACPI and the command line name; QEMU's microvm has 24.
inline constexpr std::size_t kMmioWindows = 32;

// Words in memory watched while the machine waits: three for each of eight NICs, four for each of
// three serial devices.
inline constexpr std::size_t kWatchedWords = 36;

// Bytes of log lines that wait for the serial port, and how many of them it gets in one turn of the
// run loop: as many as its FIFO takes.
inline constexpr std::size_t kLogBytes = 8 * 1024;
inline constexpr std::size_t kLogBytesATurn = 16;

}  // namespace mote::limits
