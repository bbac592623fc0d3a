// Reading a volume's records, laid out in memory as they are on the disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "volumes/disk.hpp"

namespace mote::volumes {

// Fills a record with the bytes from number `offset` on. False: see Disk::read.
template <typename Record>
[[nodiscard]] bool read_record(Disk& disk, std::uint64_t offset, Record& record) {
  return disk.read(offset, std::as_writable_bytes(std::span(&record, 1)));
}

// How much of a directory is looked at: 16,384 entries of FAT, and more than Disk::kMostBytes can
// reach if its clusters are scattered. A disk with settings has a handful.
inline constexpr std::uint32_t kMostDirectoryBytes = 512 * 1024;

}  // namespace mote::volumes
