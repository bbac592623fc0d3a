// The contract between a network device and the stack above it.
//
// A driver is a class that satisfies `NetDevice`. It is chosen once, when its PCI function is
// found; from there on templates carry its type, and no call per packet is indirect.
//
// Rules for a driver:
//  - It owns the buffers in its rings. What it hands out it no longer owns.
//  - Everything is polled; an interrupt does no more than end a doze. No call waits, save bring-up,
//    whose waits are all bounded.
//  - A frame that it can't use is counted, its buffer goes back to the ring, and it goes on.
//  - `transmit` may be called from within `poll_rx`'s sink.
//  - Nothing rings a doorbell but `flush`, called once at the end of a turn: at most one a queue.
//    It also refills the receive ring from the pool; a ring found short is refilled next time. A
//    ring may lack a small part of its buffers until there are enough to be worth telling.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "drivers/limits.hpp"
#include "drivers/mac_address.hpp"
#include "kernel/cpu/watch.hpp"
#include "kernel/memory/packet.hpp"

namespace mote {

// IEEE 802.3, 3.1.1: two addresses and a type.
inline constexpr std::size_t kEthernetHeaderBytes = 14;

// Whether the device cuts long TCP segments into frames (TCP segmentation offload), and what of
// their lengths it must not find in the headers, because it adds each frame's own.
enum class Segmentation : std::uint8_t {
  kNone,
  kWholeLength,    // all stands as for one long packet (virtio 1.2, 5.1.6.2)
  kNoLengthInSum,  // pseudo-header summed without TCP's length, IP's checksum zero (vmxnet3)
  kNoLength,       // that, and IP's total length zero (Intel 8254x)
};

// What the device does in the stack's place, after negotiation.
struct Offloads {
  bool tx_checksum = false;  // fills in TCP's and UDP's checksum, given its pseudo-header's sum
  bool rx_checksum = false;  // says of a received frame that its TCP or UDP checksum is right
  Segmentation segmentation = Segmentation::kNone;  // only with tx_checksum
};

// What the device says of a received frame's TCP or UDP checksum.
enum class RxChecksum : std::uint8_t {
  kUnknown,   // the stack must verify it
  kVerified,  // right, says the device
  kAbsent,    // left unfinished by a sender on the same host: there is nothing to verify
};

// A piece of a frame to transmit. Memory stays the sender's until the frame is reclaimed.
struct TxSegment {
  const std::byte* data;
  std::uint32_t bytes;
};

// A checksum for the device to finish (virtio 1.2, 5.1.6.2): the ones' complement sum from
// `start` to the frame's end is stored at `start + offset`, where the pseudo-header's sum lies.
struct TxChecksum {
  std::uint16_t start = 0;   // bytes from the frame's beginning; 0: nothing to do
  std::uint16_t offset = 0;  // bytes from start
};

// A TCP segment over IPv4 that the device shall cut: each frame gets the headers, corrected for its
// place, and so many bytes of the payload.
struct TxCut {
  std::uint16_t header_bytes = 0;   // Ethernet's, IP's and TCP's, all in the first piece
  std::uint16_t payload_bytes = 0;  // of each frame but the last; 0: nothing to cut
};

// A frame in memory that isn't a Packet's. The first piece has kHeadroom writable bytes in front
// of it, where a driver may put its device's header.
struct TxFrame {
  std::span<const TxSegment> segments;  // 1 to limits::kTxSegments, none of them empty
  TxChecksum checksum;
  void* cookie;    // given back by `reclaim` when the device has read the whole frame; not null
  TxCut cut = {};  // only with `checksum` and for a device with Segmentation; the payload is then
                   // at most limits::kTxPayloadBytes
};

// Counted from bring-up on, never reset.
struct DeviceCounters {
  std::uint64_t rx_frames = 0;
  std::uint64_t rx_bytes = 0;
  std::uint64_t rx_malformed = 0;  // the device gave a bad index, length or buffer count
  std::uint64_t rx_no_buffer = 0;  // refills that the pool could not serve
  std::uint64_t tx_frames = 0;
  std::uint64_t tx_bytes = 0;
  std::uint64_t tx_full = 0;       // frames refused for want of descriptors
  std::uint64_t tx_malformed = 0;  // the device completed what it was not given
  std::uint64_t doorbells = 0;
};

// What `poll_rx` hands received frames to.
struct ReceiveSink {
  // A frame.
  void operator()(Packet, RxChecksum) const;
  // A TCP segment that the device put together from several (large receive): at most
  // limits::kRxPieces packets that follow on each other, the headers all in the first. What the
  // sink leaves in the span goes back to the pool.
  void operator()(std::span<Packet>, RxChecksum) const;
};

template <typename Device>
concept NetDevice = requires(Device device, const Device& constant, Packet packet,
                             const TxFrame& frame, std::size_t budget, ReceiveSink sink,
                             void (*release)(void*), Watch& watch, bool for_sent) {
  // Facts, fixed after bring-up. `model` is the word the console uses ("virtio-net");
  // `features` are the words behind "offloads" there ("csum mrg"), ended by a zero.
  { constant.model() } -> std::same_as<std::string_view>;
  { constant.features() } -> std::same_as<std::string_view>;
  { constant.mac() } -> std::same_as<MacAddress>;
  { constant.mtu() } -> std::same_as<std::uint16_t>;  // bytes of IP packet, at most limits::kMtu
  { constant.offloads() } -> std::same_as<Offloads>;
  { constant.counters() } -> std::same_as<const DeviceCounters&>;

  // Asks the device whether it has a carrier. Costs an exit: not for every turn.
  { device.link_up() } -> std::same_as<bool>;

  // Hands at most `budget` received frames to `sink` (see ReceiveSink); returns how many.
  { device.poll_rx(budget, sink) } -> std::same_as<std::size_t>;

  // Queues a frame. False when the ring is full or the device is unusable: the packet is then
  // still the caller's (it is moved from only on success), and so is the frame.
  { device.transmit(packet, TxChecksum{}) } -> std::same_as<bool>;  // takes Packet&
  { device.transmit(frame) } -> std::same_as<bool>;

  // Takes back what the device has sent: packets go to the pool, cookies to `release(cookie)`.
  { device.reclaim(release) } -> std::same_as<void>;

  // Adds the words by which the device will show that another turn has something to do, as
  // things stand: a frame has been received, and, if somebody waits for it (`for_sent`, or a
  // receive ring that the pool could not fill), a frame has been sent.
  { constant.watch(watch, for_sent) } -> std::same_as<void>;

  // Dozing. Whether the device can end a doze by an interrupt, as of bring-up: no driver uses one
  // where interrupts::message() gives none.
  { constant.can_wake() } -> std::same_as<bool>;
  // Asks the device for an interrupt when what `watch` names changes, or its link; the caller
  // then looks whether it has changed already, with a full fence before it. `disarm` follows in
  // every case, and takes that back, and what the device has raised. Both may cost exits.
  { device.arm(for_sent) } -> std::same_as<void>;
  { device.disarm() } -> std::same_as<void>;

  // End of turn: refills the receive ring and rings the doorbells that are due.
  { device.flush() } -> std::same_as<void>;
};

}  // namespace mote
