// The contract between a network device and the stack above it.
//
// A driver is a class that satisfies `NetDevice`. It is chosen once, when its PCI function or MMIO
// window is found; from there on templates carry its type, and no call per packet is indirect.
//
//  - It owns the buffers in its rings. What it hands out it no longer owns.
//  - Everything is polled; an interrupt only ends a doze. No call waits, except bring-up, whose
//  waits
//    are all bounded.
//  - It counts a frame that it can't use, returns the buffer to the ring, and goes on.
//  - `transmit` may be called from within `poll_rx`'s sink.
//  - Only `flush` rings doorbells: called once at the end of a turn, at most one per queue. It also
//    refills the receive ring from the pool; a ring left short is refilled next time. A ring may
//    lack a few of its buffers until there are enough to be worth a doorbell.
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
#include "kernel/memory/piece.hpp"

namespace mote {

// IEEE 802.3, 3.1.1: two addresses and a type.
inline constexpr std::size_t kEthernetHeaderBytes = 14;

// Whether the device cuts long TCP segments into frames (TCP segmentation offload), and which
// lengths must be missing from the headers because it adds each frame's own.
enum class Segmentation : std::uint8_t {
  kNone,
  kWholeLength,    // headers as for one long packet (virtio 1.2, 5.1.6.2)
  kNoLengthInSum,  // pseudo-header's sum lacks TCP's length, IP's checksum is zero (vmxnet3)
  kNoLength,       // as above, and IP's total length is zero (Intel 8254x)
};

// The work that the device takes over from the stack, after negotiation.
struct Offloads {
  bool tx_checksum = false;  // fills in TCP's and UDP's checksum, given its pseudo-header's sum
  bool rx_checksum = false;  // tells whether a received frame's TCP or UDP checksum is right
  Segmentation segmentation = Segmentation::kNone;  // only with tx_checksum
};

// The device's verdict on a received frame's TCP or UDP checksum.
enum class RxChecksum : std::uint8_t {
  kUnknown,   // the stack must verify it
  kVerified,  // the device found it right
  kAbsent,    // left unfinished by a sender on the same host; nothing to verify
};

// A checksum for the device to finish (virtio 1.2, 5.1.6.2): the ones' complement sum from
// `start` to the frame's end is stored at `start + offset`, where the pseudo-header's sum lies.
struct TxChecksum {
  std::uint16_t start = 0;   // bytes from the frame's beginning; 0: nothing to do
  std::uint16_t offset = 0;  // bytes from start
};

// A TCP segment over IPv4 for the device to cut: each frame gets the headers, corrected for its
// place, and `payload_bytes` of the payload.
struct TxCut {
  std::uint16_t header_bytes = 0;   // Ethernet's, IP's and TCP's, all in the first piece
  std::uint16_t payload_bytes = 0;  // of each frame except the last; 0: nothing to cut
};

// A frame in memory that isn't a Packet's. The memory belongs to the sender but must stay until
// reclaimed. The first piece has kHeadroom writable bytes in front of it, where a driver may put
// its device's header.
struct TxFrame {
  std::span<const Piece> segments;  // 1 to limits::kTxSegments, none of them empty
  TxChecksum checksum;
  void* cookie;    // given back by `reclaim` when the device has read the whole frame; not null
  TxCut cut = {};  // only with `checksum` and for a device with Segmentation; the payload is then
                   // at most limits::kTxPayloadBytes
};

// Counted since bring-up, never reset.
struct DeviceCounters {
  std::uint64_t rx_frames = 0;
  std::uint64_t rx_bytes = 0;
  std::uint64_t rx_malformed = 0;  // the device gave a bad index, length or buffer count
  std::uint64_t rx_no_buffer = 0;  // refills that found the pool empty
  std::uint64_t tx_frames = 0;
  std::uint64_t tx_bytes = 0;
  std::uint64_t tx_full = 0;       // frames refused because descriptors ran out
  std::uint64_t tx_malformed = 0;  // the device completed something it was never given
  std::uint64_t doorbells = 0;
  std::uint64_t doorbells_repeated = 0;  // as nothing came back of a device that waits for one
};

// `poll_rx` hands received frames to this.
struct ReceiveSink {
  // A frame in one packet.
  void operator()(Packet, RxChecksum) const;
  // A TCP segment that the device put together from several (large receive): at most
  // limits::kRxPieces packets, one continuing the other, with all headers in the first. Packets
  // that the sink leaves in the span return to the pool.
  void operator()(std::span<Packet>, RxChecksum) const;
};

template <typename Device>
concept NetDevice = requires(Device device, const Device& constant, Packet packet,
                             const TxFrame& frame, std::size_t budget, ReceiveSink sink,
                             void (*release)(void*), Watch& watch, bool for_sent) {
  // Facts, fixed after bring-up. `model` is the word for it on the console ("virtio-net");
  // `features` are the words after "offloads" there ("csum mrg"), zero-terminated.
  { constant.model() } -> std::same_as<std::string_view>;
  { constant.features() } -> std::same_as<std::string_view>;
  { constant.mac() } -> std::same_as<MacAddress>;
  { constant.mtu() } -> std::same_as<std::uint16_t>;  // bytes of IP packet, at most limits::kMtu
  { constant.offloads() } -> std::same_as<Offloads>;
  { constant.counters() } -> std::same_as<const DeviceCounters&>;

  // Asks the device whether it has a carrier. Costs an exit, so not for every turn.
  { device.link_up() } -> std::same_as<bool>;

  // Hands at most `budget` received frames to `sink` (see ReceiveSink); returns how many.
  { device.poll_rx(budget, sink) } -> std::same_as<std::size_t>;

  // Queues a frame. False: the ring is full or the device unusable; the packet (moved from only on
  // success) or frame is then still the caller's.
  { device.transmit(packet, TxChecksum{}) } -> std::same_as<bool>;  // takes Packet&
  { device.transmit(frame) } -> std::same_as<bool>;

  // Takes back sent frames: packets go to the pool, cookies to `release(cookie)`.
  { device.reclaim(release) } -> std::same_as<void>;

  // Whether `reclaim` has taken back all that was queued.
  { constant.has_sent() } -> std::same_as<bool>;

  // Adds the words of memory that the device will change when another turn has work to do: when a
  // frame has been received and, if somebody waits for that (`for_sent`, or a receive ring that the
  // pool could not fill), when one has been sent.
  { constant.watch(watch, for_sent) } -> std::same_as<void>;

  // Dozing. Whether the device can end a doze by an interrupt. Fixed at bring-up: no driver uses
  // interrupts if interrupts::message() gives none.
  { constant.can_wake() } -> std::same_as<bool>;
  // Asks the device for an interrupt when a word named by `watch`, or its link, changes. The caller
  // then issues a full fence and checks whether one has changed already. `disarm` always follows;
  // it withdraws the request and any interrupt raised. Both may cost exits.
  { device.arm(for_sent) } -> std::same_as<void>;
  { device.disarm() } -> std::same_as<void>;

  // End of turn: refills the receive ring and rings the doorbells that are due.
  { device.flush() } -> std::same_as<void>;

  // For ever: resets the device, as far as it still answers, and takes back all that it was lent:
  // packets go to the pool, cookies to `release(cookie)`. The caller sees to it that a device that
  // doesn't obey can't access memory. Afterwards, only the facts and counters may be asked for.
  { device.shut_down(release) } -> std::same_as<void>;
};

}  // namespace mote
