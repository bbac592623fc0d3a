// The virtio console device: what it and its driver exchange (virtio 1.2, 5.3).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "drivers/virtio/transport.hpp"

namespace mote::virtio {

inline constexpr std::uint16_t kConsoleDevice = 3;  // 5

namespace feature {
inline constexpr Features kConsoleMultiport = bit(1);  // 5.3.3: ports with numbers and names
}

// 5.3.6.2: a control message. A name may follow.
struct PortControl {
  std::uint32_t id;  // the port's number
  std::uint16_t event;
  std::uint16_t value;
};
static_assert(sizeof(PortControl) == 8 && offsetof(PortControl, value) == 6);

namespace port_event {
inline constexpr std::uint16_t kDeviceReady = 0;  // from the driver
inline constexpr std::uint16_t kAdd = 1;
inline constexpr std::uint16_t kRemove = 2;
inline constexpr std::uint16_t kReady = 3;  // from the driver
inline constexpr std::uint16_t kOpen = 6;   // from both
inline constexpr std::uint16_t kName = 7;
}  // namespace port_event

// The four queues that one port needs, as they are kept.
enum PortQueue : std::uint8_t { kFromPort, kToPort, kControlIn, kControlOut };
inline constexpr std::size_t kPortQueues = 4;

// 5.3.2: a queue's number.
constexpr std::uint16_t queue_of_port(std::uint32_t port, PortQueue queue) {
  const bool is_first = queue >= kControlIn || port == 0;
  return static_cast<std::uint16_t>(queue + (is_first ? 0 : 2 * (port + 1)));
}
static_assert(queue_of_port(0, kToPort) == 1 && queue_of_port(1, kFromPort) == 4);
static_assert(queue_of_port(2, kToPort) == 7 && queue_of_port(9, kControlOut) == 3);

// The memory that device and driver share beside the rings.
struct PortBuffers {
  // The device drops a control message for which it finds no buffer. When the driver is ready it
  // sends one for each port at once; QEMU's device has 31 at most.
  static constexpr std::size_t kControlMessages = 32;
  static constexpr std::size_t kControlBytes = 64;
  static constexpr std::size_t kPieces = 2;
  static constexpr std::size_t kReceivedBytes = 512;
  static constexpr std::size_t kSentBytes = 448;

  std::array<std::array<char, kControlBytes>, kControlMessages> control_in;
  PortControl control_out;
  std::array<std::array<char, kReceivedBytes>, kPieces> received;
  std::array<std::array<char, kSentBytes>, kPieces> sent;
};
static_assert(sizeof(PortBuffers) <= 4096);

// Entries that a queue gets where the driver may choose. The legacy interface on PCI can't.
constexpr std::uint16_t entries_for(PortQueue queue) {
  return queue == kControlIn ? PortBuffers::kControlMessages : 4;
}

}  // namespace mote::virtio
