// The contract between a block device and the readers of volumes above it.
//
// A driver is a class that satisfies `BlockController`: what one PCI function or MMIO window is. It
// has disks, each a `BlockDevice`. They are read at boot, for settings, and then left alone for
// ever: reset, and without access to memory.
//
//  - It only ever reads. No command it sends can change what is stored.
//  - Every call waits, polling, and every wait is bounded: a device that doesn't answer in time is
//    unusable from then on, and `error` says why.
//  - It believes nothing that the device says: sizes and counts are checked, and memory beyond what
//    was asked for never changes.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace mote {

// Sizes of a block that volumes are read in. Disks have 512 or 4096 bytes, optical discs 2048.
inline constexpr std::uint32_t kLeastBlockBytes = 512;
inline constexpr std::uint32_t kMostBlockBytes = 4096;

// The most bytes that one `read` is asked for.
inline constexpr std::size_t kMostReadBytes = 32 * 1024;

template <typename Device>
concept BlockDevice =
    requires(Device device, const Device& constant, std::uint64_t first, std::span<std::byte> to) {
      // Facts, fixed after bring-up. `model` is the word for it on the console ("virtio-blk"), and
      // a block has a power of two bytes in the range above.
      { constant.model() } -> std::same_as<std::string_view>;
      { constant.block_bytes() } -> std::same_as<std::uint32_t>;
      { constant.blocks() } -> std::same_as<std::uint64_t>;  // 0: no medium

      // Reads the blocks from number `first` on into `to`: a whole number of blocks, at most
      // kMostReadBytes, all of them on the device; `to` is physically contiguous, below 4 GiB and
      // aligned to 512 bytes. False: it failed, `error` says why, and `to` holds anything.
      { device.read(first, to) } -> std::same_as<bool>;
      { constant.error() } -> std::same_as<std::string_view>;
    };

// A visitor of disks.
struct VisitDisk {
  template <typename Device>
  bool operator()(Device&) const;
};

template <typename Controller>
concept BlockController = requires(Controller controller, const Controller& constant,
                                   const typename Controller::Location& location, VisitDisk visit) {
  // Whether this driver is the one for the device at `location`. Prints nothing, changes nothing.
  { Controller::drives(location) } -> std::same_as<bool>;

  // Resets what is at `location` and makes it ready to look for disks. Its memory comes from
  // kernel/memory/dma.hpp. False: `error` says why.
  { controller.bring_up(location) } -> std::same_as<bool>;
  { constant.error() } -> std::same_as<std::string_view>;

  // Calls `visit(disk)` for each disk with a medium, until that returns true. A disk that can't be
  // used is named on the console and passed over.
  controller.each_disk(visit);

  // Ends all access to memory. Call last, also when `bring_up` failed, and turn bus mastering off
  // then. False: the device doesn't let itself be stopped, and may still write to the memory it was
  // given.
  { controller.shut_down() } -> std::same_as<bool>;
};

}  // namespace mote
