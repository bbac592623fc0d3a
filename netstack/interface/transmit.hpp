// Turns lwIP's frames into what the device takes: by reference if possible, else copied.
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
  // Lists the pieces of `frame`, padded to the shortest Ethernet frame. False if there are too
  // many, or if the first isn't preceded by kHeadroom writable bytes: then copy it.
  [[nodiscard]] bool gather(const struct pbuf& frame);

  [[nodiscard]] std::span<const Piece> segments() const { return {segments_.data(), count_}; }

 private:
  [[nodiscard]] bool add(const void* data, std::size_t bytes);

  std::array<Piece, limits::kTxSegments> segments_;
  std::size_t count_ = 0;
};

// A copy of the frame in a packet, padded to the shortest Ethernet frame. Empty if the pool is, or
// if the frame is larger than a packet.
[[nodiscard]] Packet copy_to_packet(const struct pbuf& frame);

// Fills in the checksum of a datagram's IP header.
void seal(struct pbuf& datagram);

// Prepares a TCP checksum that lwIP left to the device: stores the pseudo-header's sum in its place
// and returns that place. `headers` must hold all headers, including TCP's; if it holds no TCP
// header, there is nothing to do.
[[nodiscard]] TxChecksum prepare_checksum(std::span<std::byte> headers);

// Frames waiting for room in the transmit ring, in order. Holds a reference to each.
class Backlog {
 public:
  [[nodiscard]] bool empty() const { return count_ == 0; }

  // False if it is full.
  [[nodiscard]] bool push(struct pbuf* frame);

  [[nodiscard]] struct pbuf* front() const { return frames_[first_]; }

  // Removes the first frame and drops its reference.
  void pop();

  // The number of frames that have left.
  [[nodiscard]] std::uint64_t departures() const { return departures_; }

 private:
  std::array<struct pbuf*, limits::kTxBacklog> frames_{};
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  std::uint64_t departures_ = 0;
};

}  // namespace mote::netstack
