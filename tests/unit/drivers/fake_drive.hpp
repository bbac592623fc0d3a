// A drive for tests of ATA adapters: what it answers to commands and packets, good or bad.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "drivers/ata_commands.hpp"
#include "drivers/scsi_commands.hpp"

namespace mote::ata {

class FakeDrive {
 public:
  using Answer = std::optional<std::vector<std::byte>>;  // nothing: an error

  static constexpr std::uint64_t kBlocks = 1000;

  std::array<std::uint16_t, 256> identity{};
  bool is_disc = false;
  std::uint64_t blocks = kBlocks;
  std::uint32_t block_bytes = 512;
  std::deque<scsi::Sense> senses;  // of packets that fail before one succeeds
  std::vector<Command> commands;   // received
  std::vector<std::uint8_t> packets;

  // A disk with 28-bit or 48-bit addresses and blocks of 512 bytes.
  static FakeDrive disk(bool is_extended = true) {
    FakeDrive drive;
    drive.identity[49] = 1 << 9;
    drive.identity[60] = kBlocks;
    if (is_extended) {
      drive.identity[60] = 0;
      drive.identity[83] = 0x4400;
      drive.identity[100] = kBlocks;
    }
    return drive;
  }

  // A disc drive with a disc.
  static FakeDrive disc() {
    FakeDrive drive;
    drive.is_disc = true;
    drive.identity[0] = 0x85C0;
    drive.block_bytes = 2048;
    return drive;
  }

  Answer run(const Command& command) {
    commands.push_back(command);
    switch (command.code) {
      case kIdentifyDevice:
        return is_disc ? std::nullopt : Answer(words());
      case kIdentifyPacketDevice:
        return is_disc ? Answer(words()) : std::nullopt;
      case kReadSectors.plain:
      case kReadDma.plain:
        return read((command.device & 0xFU) << 24 | command.lba, command.count);
      case kReadSectors.extended:
      case kReadDma.extended:
        return read(command.lba, command.count);
      default:
        return std::nullopt;
    }
  }

  Answer run_packet(std::span<const std::uint8_t> packet) {
    packets.push_back(packet[0]);
    if (packet[0] == 0x03) {
      return sense();
    }
    if (!senses.empty()) {
      return std::nullopt;
    }
    switch (packet[0]) {
      case 0x00:
        return std::vector<std::byte>();
      case 0x25:
        return capacity();
      case 0x28: {
        const auto bytes = std::as_bytes(packet);
        return read(scsi::number_at<std::uint32_t>(bytes, 2),
                    scsi::number_at<std::uint16_t>(bytes, 7));
      }
      default:
        return std::nullopt;
    }
  }

  // The byte at `offset` of the medium.
  static std::byte content(std::uint64_t offset) {
    return static_cast<std::byte>(offset * 7 + offset / 512);
  }

  [[nodiscard]] bool is_content(std::uint64_t first, std::span<const std::byte> read) const {
    for (std::size_t i = 0; i < read.size(); ++i) {
      if (read[i] != content(first * block_bytes + i)) {
        return false;
      }
    }
    return true;
  }

 private:
  [[nodiscard]] std::vector<std::byte> words() const {
    std::vector<std::byte> bytes;
    for (const std::uint16_t word : identity) {
      bytes.push_back(static_cast<std::byte>(word));
      bytes.push_back(static_cast<std::byte>(word >> 8));
    }
    return bytes;
  }

  [[nodiscard]] Answer read(std::uint64_t first, std::uint64_t count) const {
    if (first >= blocks || count > blocks - first) {
      return std::nullopt;
    }
    std::vector<std::byte> bytes(count * block_bytes);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      bytes[i] = content(first * block_bytes + i);
    }
    return bytes;
  }

  std::vector<std::byte> sense() {
    std::vector<std::byte> bytes(scsi::Sense::kAnswerBytes);
    bytes[0] = std::byte{0x70};
    if (!senses.empty()) {
      bytes[2] = std::byte{senses.front().key};
      bytes[12] = std::byte{senses.front().code};
      bytes[13] = std::byte{senses.front().qualifier};
      if (!senses.front().lacks_medium()) {
        senses.pop_front();
      }
    }
    return bytes;
  }

  [[nodiscard]] std::vector<std::byte> capacity() const {
    std::vector<std::byte> bytes;
    for (const std::uint64_t number : {blocks - 1, std::uint64_t{block_bytes}}) {
      for (const unsigned shift : {24, 16, 8, 0}) {
        bytes.push_back(static_cast<std::byte>(number >> shift));
      }
    }
    return bytes;
  }
};

inline constexpr scsi::Sense kNoMedium{.key = scsi::Sense::kNotReady, .code = 0x3A};
inline constexpr scsi::Sense kMediumChanged{.key = scsi::Sense::kUnitAttention, .code = 0x28};
inline constexpr scsi::Sense kBecomingReady{
    .key = scsi::Sense::kNotReady, .code = 0x04, .qualifier = 0x01};

}  // namespace mote::ata
