// The ATA commands that read a disk, and what a drive tells about itself.
//
// ATA/ATAPI Command Set (ATA8-ACS, INCITS 452), for drives on any host adapter.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "drivers/block_device.hpp"

namespace mote::ata {

// A command's registers. Fields of 48-bit commands that a 28-bit one lacks are zero.
struct Command {
  std::uint8_t code = 0;
  std::uint8_t features = 0;
  std::uint16_t count = 0;
  std::uint64_t lba = 0;    // 48 bits
  std::uint8_t device = 0;  // but for the bit that selects one of two drives
  friend constexpr bool operator==(const Command&, const Command&) = default;
};

inline constexpr std::uint8_t kPacket = 0xA0;
inline constexpr std::uint8_t kIdentifyPacketDevice = 0xA1;
inline constexpr std::uint8_t kIdentifyDevice = 0xEC;

// The two ways to move a disk's blocks, each with its 28-bit and its 48-bit command.
struct ReadCodes {
  std::uint8_t plain = 0;
  std::uint8_t extended = 0;
};
inline constexpr ReadCodes kReadSectors{0x20, 0x24};  // READ SECTORS, READ SECTORS EXT
inline constexpr ReadCodes kReadDma{0xC8, 0x25};      // READ DMA, READ DMA EXT

// Bits of the status register.
namespace status {
inline constexpr std::uint8_t kError = 1 << 0;        // ERR; CHK with PACKET
inline constexpr std::uint8_t kDataRequest = 1 << 3;  // DRQ
inline constexpr std::uint8_t kFault = 1 << 5;        // DF
inline constexpr std::uint8_t kBusy = 1 << 7;         // BSY
}  // namespace status

// The most blocks that a disk can have, by 28-bit and by 48-bit addresses.
inline constexpr std::uint64_t kMostBlocks28 = std::uint64_t{1} << 28;
inline constexpr std::uint64_t kMostBlocks48 = std::uint64_t{1} << 48;

// Where a disk's blocks are, and how to read them.
struct Layout {
  std::uint64_t blocks = 0;
  std::uint32_t block_bytes = 0;
  bool is_extended = false;  // 48-bit addresses

  [[nodiscard]] constexpr bool is_usable() const {
    return std::has_single_bit(block_bytes) && block_bytes >= kLeastBlockBytes &&
           block_bytes <= kMostBlockBytes && blocks != 0 &&
           blocks <= (is_extended ? kMostBlocks48 : kMostBlocks28);
  }

  // Reads `count` blocks from number `first` on; all must be on the disk.
  [[nodiscard]] constexpr Command read(ReadCodes codes, std::uint64_t first,
                                       std::uint16_t count) const {
    constexpr std::uint8_t kLba = 1 << 6;  // the address is a block's number
    if (is_extended) {
      return {.code = codes.extended, .count = count, .lba = first, .device = kLba};
    }
    return {.code = codes.plain,
            .count = count,
            .lba = first & 0xFF'FFFF,
            .device = static_cast<std::uint8_t>(kLba | first >> 24)};
  }
};
static_assert(kMostReadBytes / kLeastBlockBytes <= 0xFF, "28-bit commands take the longest read");

// A drive's answer to IDENTIFY DEVICE (7.16) and IDENTIFY PACKET DEVICE (7.17): 256 words.
class Identity {
 public:
  static constexpr std::size_t kBytes = 512;

  explicit constexpr Identity(std::span<const std::byte, kBytes> data) : data_(data) {}

  // A disk's. One without block numbers, as they were before ATA-2, has none that we can read.
  [[nodiscard]] constexpr Layout layout() const {
    constexpr std::uint16_t kLbaSupported = 1 << 9;
    if ((word(49) & kLbaSupported) == 0) {
      return {};
    }
    // Words 83 and 106 hold something if their two upper bits are 01b.
    constexpr std::uint16_t kExtendedMask = 0xC400;
    constexpr std::uint16_t kExtended = 0x4400;
    constexpr std::uint16_t kLongBlockMask = 0xD000;
    constexpr std::uint16_t kLongBlock = 0x5000;  // a block is longer than 256 words
    Layout layout{.blocks = doubleword(60), .block_bytes = 512};
    if ((word(83) & kExtendedMask) == kExtended) {
      layout.is_extended = true;
      layout.blocks = std::uint64_t{doubleword(102)} << 32 | doubleword(100);
    }
    if ((word(106) & kLongBlockMask) == kLongBlock) {
      const std::uint32_t words = doubleword(117);
      layout.block_bytes = words <= kMostBlockBytes ? 2 * words : 0;
    }
    return layout;
  }

  // Whether it is a disc drive, with packets of 12 bytes, as all have.
  [[nodiscard]] constexpr bool is_disc_drive() const {
    constexpr std::uint16_t kMask = 0xDF03;
    constexpr std::uint16_t kDiscDrive = 0x8500;  // ATAPI, CD or DVD, 12 bytes
    return (word(0) & kMask) == kDiscDrive;
  }

 private:
  [[nodiscard]] constexpr std::uint16_t word(std::size_t number) const {
    return static_cast<std::uint16_t>(std::to_integer<unsigned>(data_[2 * number]) |
                                      std::to_integer<unsigned>(data_[2 * number + 1]) << 8);
  }
  [[nodiscard]] constexpr std::uint32_t doubleword(std::size_t number) const {
    return std::uint32_t{word(number + 1)} << 16 | word(number);
  }

  std::span<const std::byte, kBytes> data_;
};

}  // namespace mote::ata
