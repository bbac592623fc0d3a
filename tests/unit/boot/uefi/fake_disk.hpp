// A disk or partition for unit tests of the UEFI loader, and device paths.
#pragma once

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "boot/uefi/protocols.hpp"

namespace mote::uefi {

struct FakeDisk : BlockIo {
  explicit FakeDisk(std::vector<std::byte> with, std::uint32_t block = 512)
      : contents(std::move(with)) {
    contents.resize((contents.size() + block - 1) / block * block);
    about = {.id = 7,
             .is_removable = false,
             .is_present = true,
             .is_partition = true,
             .is_read_only = false,
             .is_write_caching = false,
             .block_bytes = block,
             .alignment = 0,
             .last_block = contents.size() / block - 1};
    media = &about;
    read_blocks = read;
  }
  FakeDisk(const FakeDisk&) = delete;
  FakeDisk& operator=(const FakeDisk&) = delete;

  static __attribute__((ms_abi)) Status read(BlockIo* self, std::uint32_t id, std::uint64_t block,
                                             std::uint64_t bytes, void* to) {
    auto& disk = *static_cast<FakeDisk*>(self);
    const std::uint64_t at = block * disk.about.block_bytes;
    CHECK(id == disk.about.id);
    CHECK(bytes % disk.about.block_bytes == 0);
    CHECK(at + bytes <= disk.contents.size());
    disk.requests.push_back(bytes);
    if (bytes > disk.most || (disk.bad >= at && disk.bad - at < bytes)) {
      return Status{std::uint64_t{1} << 63 | 7};  // EFI_DEVICE_ERROR
    }
    std::memcpy(to, disk.contents.data() + at, bytes);
    return Status::kSuccess;
  }

  Media about{};
  std::vector<std::byte> contents;
  std::vector<std::uint64_t> requests;     // bytes of each
  std::uint64_t most = ~std::uint64_t{0};  // larger requests fail
  std::uint64_t bad = ~std::uint64_t{0};   // a byte that can't be read
};

// A device path's nodes, and its end. A node is its type and subtype, and some content.
struct Path {
  Path& node(std::uint8_t type, std::uint8_t subtype, const std::string& content) {
    bytes.pop_back(), bytes.pop_back(), bytes.pop_back(), bytes.pop_back();
    bytes += static_cast<char>(type);
    bytes += static_cast<char>(subtype);
    bytes += static_cast<char>(content.size() + 4);
    bytes += static_cast<char>((content.size() + 4) >> 8);
    bytes += content + std::string("\x7F\xFF\x04\0", 4);
    return *this;
  }
  [[nodiscard]] DevicePath& path() { return *reinterpret_cast<DevicePath*>(bytes.data()); }

  std::string bytes = std::string("\x7F\xFF\x04\0", 4);
};

}  // namespace mote::uefi
