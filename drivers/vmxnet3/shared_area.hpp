// The memory shared by driver and device, which tells the device everything (vmxnet3_defs.h,
// "Vmxnet3_DriverShared" and its parts). The device reads it when a command tells it to.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace mote::vmxnet3 {

// "Vmxnet3_MiscConf", with "Vmxnet3_DriverInfo" in front.
struct General {
  std::uint32_t driver_version;
  std::uint32_t guest;         // "Vmxnet3_GOSInfo"
  std::uint32_t revisions;     // that the driver supports, as in VRRS
  std::uint32_t upt_versions;  // likewise, as in UVRS
  std::uint64_t features;
  std::uint64_t driver_data;  // for the driver's own use; none
  std::uint64_t queues;       // physical address of the queues' descriptors
  std::uint32_t driver_data_bytes;
  std::uint32_t queues_bytes;
  std::uint32_t mtu;  // of IP packet
  std::uint16_t most_receive_pieces;
  std::uint8_t transmit_queues;
  std::uint8_t receive_queues;
  std::array<std::uint32_t, 4> reserved;

  static constexpr std::uint32_t kGuest64Bit = 2;
  static constexpr std::uint32_t kGuestLinux = 1 << 2;  // no type fits us; this is the simplest
  static constexpr std::uint64_t kReceiveChecksum = 1 << 0;  // "UPT1_F_RXCSUM"
  static constexpr std::uint64_t kLargeReceive = 1 << 3;     // "UPT1_F_LRO"; the others are RSS and
                                                             // VLAN tag stripping
};
static_assert(sizeof(General) == 72 && offsetof(General, queues) == 32);
static_assert(offsetof(General, mtu) == 48 && offsetof(General, receive_queues) == 55);

// "Vmxnet3_IntrConf".
struct Interrupts {
  std::uint8_t auto_mask;
  std::uint8_t count;
  std::uint8_t event_interrupt;
  std::array<std::uint8_t, 25> moderation;
  std::uint32_t control;
  std::array<std::uint32_t, 2> reserved;

  static constexpr std::uint32_t kDisableAll = 1;
};
static_assert(sizeof(Interrupts) == 40 && offsetof(Interrupts, control) == 28);

// "Vmxnet3_RxFilterConf".
struct ReceiveFilter {
  std::uint32_t mode;
  std::uint16_t groups_bytes;
  std::uint16_t pad;
  std::uint64_t groups;                  // physical address of the multicast addresses wanted
  std::array<std::uint32_t, 128> vlans;  // a bit for each VLAN let in

  static constexpr std::uint32_t kUnicast = 1;
  static constexpr std::uint32_t kBroadcast = 4;
};
static_assert(sizeof(ReceiveFilter) == 528 && offsetof(ReceiveFilter, vlans) == 16);

// "Vmxnet3_VariableLenConfDesc": points to settings of variable length.
struct Elsewhere {
  std::uint32_t version;
  std::uint32_t bytes;
  std::uint64_t address;
};
static_assert(sizeof(Elsewhere) == 16);

// "Vmxnet3_DriverShared".
struct DriverShared {
  std::uint32_t magic;
  std::uint32_t pad;
  General general;
  Interrupts interrupts;
  ReceiveFilter filter;
  Elsewhere rss;
  Elsewhere power;
  Elsewhere plugin;
  std::uint32_t events;  // "ecr": written by the device
  std::array<std::uint32_t, 5> reserved;

  static constexpr std::uint32_t kMagic = 3133079265;
  static constexpr std::uint32_t kReceiveError = 1 << 0;   // a receive queue has stopped
  static constexpr std::uint32_t kTransmitError = 1 << 1;  // a transmit queue has stopped
};
static_assert(sizeof(DriverShared) == 720 && offsetof(DriverShared, interrupts) == 80);
static_assert(offsetof(DriverShared, filter) == 120 && offsetof(DriverShared, events) == 696);

// "Vmxnet3_QueueStatus": written by the device.
struct QueueStatus {
  std::uint8_t stopped;
  std::array<std::uint8_t, 3> pad;
  std::uint32_t error;
};
static_assert(sizeof(QueueStatus) == 8);

// "Vmxnet3_TxQueueDesc".
struct TransmitQueueDescriptor {
  std::uint32_t deferred;   // frames waiting for their doorbell
  std::uint32_t threshold;  // written by the device: how many may wait
  std::uint64_t reserved;
  std::uint64_t ring;       // physical addresses
  std::uint64_t data_ring;  // for copies of headers; none
  std::uint64_t completions;
  std::uint64_t driver_data;
  std::uint64_t reserved_too;
  std::uint32_t ring_entries;
  std::uint32_t data_ring_entries;
  std::uint32_t completion_entries;
  std::uint32_t driver_data_bytes;
  std::uint8_t interrupt;
  std::array<std::uint8_t, 7> pad;
  QueueStatus status;
  std::array<std::uint64_t, 10> statistics;
  std::array<std::uint8_t, 88> tail;
};
static_assert(sizeof(TransmitQueueDescriptor) == 256);
static_assert(offsetof(TransmitQueueDescriptor, ring_entries) == 56);
static_assert(offsetof(TransmitQueueDescriptor, status) == 80);

// "Vmxnet3_RxQueueDesc".
struct ReceiveQueueDescriptor {
  std::uint8_t wants_doorbell;  // "updateRxProd": written by the device
  std::array<std::uint8_t, 7> pad;
  std::uint64_t reserved;
  std::array<std::uint64_t, 2> rings;  // physical addresses
  std::uint64_t completions;
  std::uint64_t driver_data;
  std::uint64_t data_ring;  // revision 3's; none
  std::array<std::uint32_t, 2> ring_entries;
  std::uint32_t completion_entries;
  std::uint32_t driver_data_bytes;
  std::uint8_t interrupt;
  std::array<std::uint8_t, 7> pad_too;
  QueueStatus status;
  std::array<std::uint64_t, 10> statistics;
  std::array<std::uint8_t, 88> tail;
};
static_assert(sizeof(ReceiveQueueDescriptor) == 256);
static_assert(offsetof(ReceiveQueueDescriptor, ring_entries) == 56);
static_assert(offsetof(ReceiveQueueDescriptor, status) == 80);

// The shared area, and the table of queues, which must be aligned to 128 bytes.
struct alignas(128) SharedArea {
  DriverShared driver;
  struct alignas(128) Queues {
    TransmitQueueDescriptor transmit;
    ReceiveQueueDescriptor receive;
  } queues;
};
static_assert(sizeof(SharedArea::Queues) == 512 && offsetof(SharedArea, queues) == 768);

}  // namespace mote::vmxnet3
