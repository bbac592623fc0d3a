// The contract between a block device and the readers of volumes above it.
//
// A driver is a class that satisfies `BlockDevice`. Block devices are read at boot, for settings,
// and then left alone for ever: reset, and without access to memory.
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
      // Facts, fixed after bring-up. `model` is the word for it on the console ("virtio-blk").
      { constant.model() } -> std::same_as<std::string_view>;
      {
        constant.block_bytes()
      } -> std::same_as<std::uint32_t>;                      // a power of two in the range above
      { constant.blocks() } -> std::same_as<std::uint64_t>;  // 0: no medium

      // Reads the blocks from number `first` on into `to`: a whole number of blocks, at most
      // kMostReadBytes, all of them on the device; `to` is physically contiguous, below 4 GiB and
      // aligned to 512 bytes. False: it failed, `error` says why, and `to` holds anything.
      { device.read(first, to) } -> std::same_as<bool>;
      { constant.error() } -> std::same_as<std::string_view>;

      // Ends all access to memory and leaves the device as a reset does. Call once, last.
      { device.shut_down() } -> std::same_as<void>;
    };

}  // namespace mote
