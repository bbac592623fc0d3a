// Descriptors in memory (3.2.3, 3.3.6, 3.3.7), shared by driver and device.
#pragma once

#include <cstddef>
#include <cstdint>

#include "drivers/e1000/registers.hpp"
#include "kernel/cpu/watch.hpp"

namespace mote::e1000 {

// 3.2.3: the legacy receive descriptor. The driver writes the address, the device the rest.
struct ReceiveDescriptor {
  std::uint64_t address = 0;
  std::uint16_t bytes = 0;
  std::uint16_t packet_checksum = 0;
  std::uint8_t status = 0;
  std::uint8_t errors = 0;
  std::uint16_t special = 0;

  // 3.2.3.1
  static constexpr std::uint8_t kDone = 1 << 0;            // DD
  static constexpr std::uint8_t kEndOfPacket = 1 << 1;     // EOP
  static constexpr std::uint8_t kIgnoreChecksum = 1 << 2;  // IXSM
  static constexpr std::uint8_t kTcpChecked = 1 << 5;      // TCPCS: of UDP, too

  // 3.2.3.2
  static constexpr std::uint8_t kBadTcp = 1 << 5;  // TCPE
  static constexpr std::uint8_t kBadIp = 1 << 6;   // IPE
  // CE, SE, SEQ, CXE, RXE: the frame was damaged on its way. Never seen unless RCTL.SBP is set.
  static constexpr std::uint8_t kDamaged = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 4 | 1 << 7;
};
static_assert(sizeof(ReceiveDescriptor) == 16);
static_assert(offsetof(ReceiveDescriptor, bytes) == 8 && offsetof(ReceiveDescriptor, status) == 12);
static_assert(offsetof(ReceiveDescriptor, errors) == 13);

// 3.3.6 and 3.3.7: a TCP/IP context descriptor, which carries offsets but no data, or a TCP/IP data
// descriptor. The device writes only the status.
struct TransmitDescriptor {
  std::uint64_t address = 0;  // of the data; in a context the offsets below
  std::uint32_t command = 0;  // with length (DTALEN, PAYLEN) and type (DTYP)
  std::uint8_t status = 0;
  std::uint8_t options = 0;   // POPTS; in a context HDRLEN
  std::uint16_t special = 0;  // in a context MSS

  // 3.3.7.1, 3.3.6.1: the commands lie in bits 31 to 24.
  static constexpr std::uint32_t kEndOfPacket = bit(24);    // EOP
  static constexpr std::uint32_t kInsertCrc = bit(25);      // IFCS
  static constexpr std::uint32_t kContextTcp = bit(24);     // TUCMD.TCP: TCP, and not UDP
  static constexpr std::uint32_t kContextIpv4 = bit(25);    // TUCMD.IP: IPv4, and not IPv6
  static constexpr std::uint32_t kSegmentation = bit(26);   // TSE, in a context and in its data
  static constexpr std::uint32_t kReportStatus = bit(27);   // RS
  static constexpr std::uint32_t kExtended = bit(29);       // DEXT: not a legacy descriptor
  static constexpr std::uint32_t kTypeContext = 0 << 20;    // DTYP 0000b
  static constexpr std::uint32_t kTypeData = 1 << 20;       // DTYP 0001b
  static constexpr std::uint32_t kMostBytes = bit(20) - 1;  // DTALEN and PAYLEN have 20 bits

  static constexpr std::uint8_t kDone = 1 << 0;          // 3.3.7.2: DD
  static constexpr std::uint8_t kInsertIpSum = 1 << 0;   // 3.3.7.3: IXSM
  static constexpr std::uint8_t kInsertTcpSum = 1 << 1;  // 3.3.7.3: TXSM
};
static_assert(sizeof(TransmitDescriptor) == 16);
static_assert(offsetof(TransmitDescriptor, command) == 8);
static_assert(offsetof(TransmitDescriptor, status) == 12);
static_assert(offsetof(TransmitDescriptor, options) == 13);
static_assert(offsetof(TransmitDescriptor, special) == 14);

// 3.3.6: the first half of a context descriptor.
struct ContextOffsets {
  std::uint8_t ip_start = 0;    // IPCSS
  std::uint8_t ip_offset = 0;   // IPCSO
  std::uint16_t ip_end = 0;     // IPCSE: the last byte
  std::uint8_t tcp_start = 0;   // TUCSS
  std::uint8_t tcp_offset = 0;  // TUCSO: from the frame's beginning
  std::uint16_t tcp_end = 0;    // TUCSE: 0 is the frame's end
};
static_assert(sizeof(ContextOffsets) == sizeof(TransmitDescriptor::address));

// The word that holds a descriptor's status, to wait for its DD. In both kinds of descriptor the
// status is the lowest byte of its word, and DD the lowest bit.
[[nodiscard]] inline WatchedWord watched_status(const std::uint8_t& status) {
  static_assert(offsetof(ReceiveDescriptor, status) % sizeof(std::uint32_t) == 0);
  static_assert(offsetof(TransmitDescriptor, status) % sizeof(std::uint32_t) == 0);
  static_assert(ReceiveDescriptor::kDone == TransmitDescriptor::kDone);
  return {.word = word_at(&status), .mask = ReceiveDescriptor::kDone, .quiet = 0};
}

// One access of exactly the field's width, neither omitted nor repeated: the device writes there.
template <typename T>
[[nodiscard]] inline T load(const T& field) {
  return *static_cast<const volatile T*>(&field);
}

}  // namespace mote::e1000
