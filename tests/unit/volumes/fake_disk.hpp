// A block device in the test's memory, which can fail.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "drivers/block_device.hpp"
#include "volumes/disk.hpp"

namespace mote::volumes {

struct FakeDevice {
  std::vector<std::byte> content;
  std::uint32_t size_of_block = 512;
  std::uint64_t failing_block = ~std::uint64_t{0};
  std::size_t reads = 0;

  [[nodiscard]] std::string_view model() const { return "fake"; }
  [[nodiscard]] std::uint32_t block_bytes() const { return size_of_block; }
  [[nodiscard]] std::uint64_t blocks() const { return content.size() / size_of_block; }
  [[nodiscard]] std::string_view error() const { return "broken"; }

  [[nodiscard]] bool read(std::uint64_t first, std::span<std::byte> to) {
    ++reads;
    const std::uint64_t count = to.size() / size_of_block;
    const bool is_there = to.size() % size_of_block == 0 && first + count <= blocks();
    if (!is_there || (failing_block >= first && failing_block < first + count)) {
      return false;
    }
    std::copy_n(content.begin() + static_cast<std::ptrdiff_t>(first * size_of_block), to.size(),
                to.begin());
    return true;
  }
};
static_assert(BlockDevice<FakeDevice>);

// The device with a disk on it.
struct FakeDisk {
  explicit FakeDisk(std::vector<std::byte> content, std::uint32_t block_bytes = 512)
      : device{.content = std::move(content), .size_of_block = block_bytes} {}

  FakeDevice device;
  alignas(Disk::kWindowBytes) std::array<std::byte, Disk::kWindowBytes> window{};
  Disk disk{device, window};
};

}  // namespace mote::volumes
