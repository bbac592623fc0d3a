// lwIP's frames as the device wants them: by reference where it can, copied where it can't.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "drivers/limits.hpp"
#include "drivers/net_device.hpp"
#include "kernel/memory/packet.hpp"
#include "lwip/pbuf.h"
#include "netstack/limits.hpp"

namespace mote::netstack {

// The pieces of a frame, by reference.
class SegmentList {
 public:
  // Lists the pieces of `frame`, padded to the shortest Ethernet frame. False when they are too
  // many, or when the first has no kHeadroom writable bytes before it: copy it then.
  [[nodiscard]] bool gather(const struct pbuf& frame);

  [[nodiscard]] std::span<const TxSegment> segments() const { return {segments_.data(), count_}; }

 private:
  [[nodiscard]] bool add(const void* data, std::size_t bytes);

  std::array<TxSegment, limits::kTxSegments> segments_;
  std::size_t count_ = 0;
};

// The frame in a packet, padded to the shortest Ethernet frame. Empty when the pool is, or when
// the frame is larger than a packet.
[[nodiscard]] Packet copy_to_packet(const struct pbuf& frame);

// Fills in the checksum of a datagram's IP header.
void seal(struct pbuf& datagram);

// What a device shall do with a frame.
struct Offload {
  TxChecksum checksum;
  TxCut cut;
};

// Prepares a TCP checksum that lwIP left to the device: puts the pseudo-header's sum in its place
// and says where. `headers` must hold the headers up to TCP's; for a frame that has no TCP header
// there, nothing is to do.
[[nodiscard]] TxChecksum prepare_checksum(std::span<std::byte> headers);

// Prepares a TCP segment that the device shall cut into frames of `segment_bytes` of payload, with
// such lengths as it wants left in the headers.
[[nodiscard]] Offload prepare_cut(std::span<std::byte> headers, std::uint16_t segment_bytes,
                                  Segmentation wants);

// Frames that wait for room in the transmit ring, in order. Each holds a reference.
class Backlog {
 public:
  struct Entry {
    struct pbuf* frame;
    std::uint16_t segment_bytes;  // to cut it in; 0: not to be cut
  };

  [[nodiscard]] bool empty() const { return count_ == 0; }

  // False when it is full.
  [[nodiscard]] bool push(Entry entry);

  [[nodiscard]] Entry front() const { return {frames_[first_], segment_bytes_[first_]}; }

  // Forgets the first frame and its reference.
  void pop();

  // How many have left.
  [[nodiscard]] std::uint64_t departures() const { return departures_; }

 private:
  std::array<struct pbuf*, limits::kTxBacklog> frames_{};
  std::array<std::uint16_t, limits::kTxBacklog> segment_bytes_{};
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  std::uint64_t departures_ = 0;
};

}  // namespace mote::netstack
