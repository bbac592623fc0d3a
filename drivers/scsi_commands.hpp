// The SCSI commands that read a disk or disc, and how their answers are read.
//
// SPC-4 (INCITS 513), SBC-3 (INCITS 514) and MMC-6 (INCITS 468), for logical units on any
// transport. All fields are big-endian.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

#include "drivers/block_device.hpp"

namespace mote::scsi {

// A command descriptor block, padded with zeros. All but READ CAPACITY (16) and READ (16) fit into
// the first 12 bytes, which an ATAPI packet has.
using Command = std::array<std::uint8_t, 16>;

// The big-endian number of type `T` at `offset`; 0 if it isn't all there.
template <std::unsigned_integral T>
[[nodiscard]] constexpr T number_at(std::span<const std::byte> from, std::size_t offset) {
  std::uint64_t number = 0;
  if (offset > from.size() || sizeof(T) > from.size() - offset) {
    return 0;
  }
  for (const std::byte byte : from.subspan(offset, sizeof(T))) {
    number = number << 8 | std::to_integer<std::uint64_t>(byte);
  }
  return static_cast<T>(number);
}

template <std::unsigned_integral T>
constexpr void put_number(Command& command, std::size_t offset, T number) {
  for (std::size_t i = sizeof(T); i != 0; --i) {
    command[offset + i - 1] = static_cast<std::uint8_t>(number);
    number = static_cast<T>(std::uint64_t{number} >> 8);
  }
}

// SPC-4, 6.47.
[[nodiscard]] constexpr Command test_unit_ready() { return {}; }

// SPC-4, 6.6: what a device without standard data replies to INQUIRY.
struct Inquiry {
  static constexpr std::uint8_t kAnswerBytes = 36;
  static constexpr std::uint8_t kDisk = 0x00;  // direct access block device (SBC)
  static constexpr std::uint8_t kDisc = 0x05;  // CD, DVD (MMC)

  // 0, a qualifier and a type (6.6.2). Any qualifier but 0 says that there is no such unit.
  [[nodiscard]] static constexpr bool is_readable(std::span<const std::byte> answer) {
    constexpr std::size_t kLeastBytes = 5;
    const auto first = number_at<std::uint8_t>(answer, 0);
    return answer.size() >= kLeastBytes && (first == kDisk || first == kDisc);
  }
};
[[nodiscard]] constexpr Command inquiry() { return {0x12, 0, 0, 0, Inquiry::kAnswerBytes, 0}; }

// SPC-4, 6.33: the units of a target that have the plain form of number (SAM-5, 4.7.5), which is
// all that hypervisors use.
struct UnitList {
  static constexpr std::size_t kHeaderBytes = 8;
  static constexpr std::size_t kEntryBytes = 8;

  // How many entries `answer` holds, whatever it claims to.
  [[nodiscard]] static constexpr std::size_t count(std::span<const std::byte> answer) {
    if (answer.size() < kHeaderBytes) {
      return 0;
    }
    const std::size_t told = number_at<std::uint32_t>(answer, 0) / kEntryBytes;
    return std::min(told, (answer.size() - kHeaderBytes) / kEntryBytes);
  }

  // The number in entry `index`; kNoUnit if it has another form.
  static constexpr std::uint16_t kNoUnit = 0xFFFF;
  [[nodiscard]] static constexpr std::uint16_t unit(std::span<const std::byte> answer,
                                                    std::size_t index) {
    constexpr unsigned kMethodShift = 14;
    constexpr unsigned kPeripheral = 0;  // bus 0, units to 255
    constexpr unsigned kFlat = 1;        // units to 16,383
    constexpr std::uint16_t kMostNumber = 0x3FFF;
    const std::size_t at = kHeaderBytes + kEntryBytes * index;
    const auto number = number_at<std::uint64_t>(answer, at);
    const auto top = static_cast<std::uint16_t>(number >> 48);
    const unsigned method = top >> kMethodShift;
    if (number << 16 != 0 || (method != kFlat && (method != kPeripheral || top > 0xFF))) {
      return kNoUnit;
    }
    return top & kMostNumber;
  }
};
[[nodiscard]] constexpr Command report_units(std::uint32_t answer_bytes) {
  Command command{0xA0};
  put_number(command, 6, answer_bytes);
  return command;
}

// SPC-4, 6.39 and 4.5: why a command failed.
struct Sense {
  static constexpr std::uint8_t kAnswerBytes = 18;  // all of the fixed format that matters

  std::uint8_t key = 0;
  std::uint8_t code = 0;       // ADDITIONAL SENSE CODE
  std::uint8_t qualifier = 0;  // ADDITIONAL SENSE CODE QUALIFIER

  // 4.5.6.1
  static constexpr std::uint8_t kNone = 0x0;
  static constexpr std::uint8_t kRecovered = 0x1;
  static constexpr std::uint8_t kNotReady = 0x2;
  static constexpr std::uint8_t kHardware = 0x4;
  static constexpr std::uint8_t kUnitAttention = 0x6;
  static constexpr std::uint8_t kAborted = 0xB;

  [[nodiscard]] static constexpr Sense of(std::span<const std::byte> data) {
    constexpr std::uint8_t kCodeBits = 0x7F;
    constexpr std::uint8_t kKeyBits = 0x0F;
    const auto at = [&](std::size_t offset) { return number_at<std::uint8_t>(data, offset); };
    switch (at(0) & kCodeBits) {
      case 0x70:  // 4.5.3: fixed format, current or deferred
      case 0x71:
        return {.key = static_cast<std::uint8_t>(at(2) & kKeyBits),
                .code = at(12),
                .qualifier = at(13)};
      case 0x72:  // 4.5.2: descriptors, likewise
      case 0x73:
        return {
            .key = static_cast<std::uint8_t>(at(1) & kKeyBits), .code = at(2), .qualifier = at(3)};
      default:  // unusable
        return {.key = kHardware};
    }
  }

  // No medium, and nothing to wait for.
  [[nodiscard]] constexpr bool lacks_medium() const {
    constexpr std::uint8_t kMediumNotPresent = 0x3A;
    return key == kNotReady && code == kMediumNotPresent;
  }

  // The same command may succeed when it is sent again: the unit only told what happened to it
  // meanwhile (a reset, a new medium), or is getting ready.
  [[nodiscard]] constexpr bool is_passing() const {
    constexpr std::uint8_t kNotReadyYet = 0x04;
    constexpr std::uint8_t kBecomingReady = 0x01;
    return key == kNone || key == kRecovered || key == kUnitAttention || key == kAborted ||
           (key == kNotReady && code == kNotReadyYet && qualifier == kBecomingReady);
  }
};
[[nodiscard]] constexpr Command request_sense() { return {0x03, 0, 0, 0, Sense::kAnswerBytes, 0}; }

// How large the medium is.
struct Capacity {
  // SBC-3, 5.15 and 5.16: bytes of the answers.
  static constexpr std::uint8_t kAnswerBytes10 = 8;
  static constexpr std::uint8_t kAnswerBytes16 = 32;

  std::uint64_t last_block = 0;
  std::uint32_t block_bytes = 0;  // 0: the answer was too short

  [[nodiscard]] static constexpr Capacity of_10(std::span<const std::byte> answer) {
    return {number_at<std::uint32_t>(answer, 0), number_at<std::uint32_t>(answer, 4)};
  }
  [[nodiscard]] static constexpr Capacity of_16(std::span<const std::byte> answer) {
    return {number_at<std::uint64_t>(answer, 0), number_at<std::uint32_t>(answer, 8)};
  }

  // SBC-3, 5.15.2: for READ CAPACITY (16) to tell.
  [[nodiscard]] constexpr bool exceeds_10() const { return last_block == 0xFFFF'FFFF; }

  // Whether BlockDevice can have it: a block's size, and bytes in 64 bits.
  [[nodiscard]] constexpr bool is_usable() const {
    return std::has_single_bit(block_bytes) && block_bytes >= kLeastBlockBytes &&
           block_bytes <= kMostBlockBytes && last_block < ~std::uint64_t{0} / block_bytes;
  }
  [[nodiscard]] constexpr std::uint64_t blocks() const { return last_block + 1; }
};
[[nodiscard]] constexpr Command read_capacity_10() { return {0x25}; }
[[nodiscard]] constexpr Command read_capacity_16() {
  constexpr std::uint8_t kServiceAction = 0x10;
  Command command{0x9E, kServiceAction};
  put_number(command, 10, std::uint32_t{Capacity::kAnswerBytes16});
  return command;
}

// SBC-3, 5.11 and 5.13; MMC-6, 6.15. Reads blocks into memory; READ (16) only if it must, for old
// devices and discs don't have it.
[[nodiscard]] constexpr Command read_10(std::uint32_t first, std::uint16_t blocks) {
  Command command{0x28};
  put_number(command, 2, first);
  put_number(command, 7, blocks);
  return command;
}
[[nodiscard]] constexpr Command read_16(std::uint64_t first, std::uint32_t blocks) {
  Command command{0x88};
  put_number(command, 2, first);
  put_number(command, 10, blocks);
  return command;
}
[[nodiscard]] constexpr Command read(std::uint64_t first, std::uint16_t blocks) {
  return first <= 0xFFFF'FFFF ? read_10(static_cast<std::uint32_t>(first), blocks)
                              : read_16(first, blocks);
}
static_assert(kMostReadBytes / kLeastBlockBytes <= 0xFFFF, "READ (10) takes the longest read");

}  // namespace mote::scsi
