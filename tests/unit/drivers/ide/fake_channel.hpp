// A channel's ports for tests: its drives, and how they misbehave.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "drivers/ide/channel.hpp"
#include "tests/unit/drivers/fake_drive.hpp"
#include "tests/unit/machine/machine.hpp"

namespace mote::ide {

inline constexpr Ports kPorts{IoPort{0x1F0}, IoPort{0x3F6}};

class FakeChannel {
 public:
  struct Slot {
    ata::FakeDrive drive;
    bool is_there = false;
    bool refuses = false;  // every command
    std::uint8_t status = 0x50;
    std::vector<std::byte> data;  // to be read
    std::size_t at = 0;           // in `data`
    std::vector<std::uint8_t> packet;
    bool takes_packet = false;
    std::size_t in_block = 0;  // bytes left of what is offered now
    std::uint8_t reason = 0;
    std::uint16_t offer = 0;
  };
  std::array<Slot, 2> slots;

  // Faults.
  bool is_floating = false;                 // nothing at all on the channel
  bool hangs = false;                       // each command leaves the drive busy
  bool ignores = false;                     // a command has no effect
  std::function<void(Slot&)> change_offer;  // before the drive offers data to a packet
  std::size_t most_offered = 0xFFFE;
  std::vector<std::byte> appended;  // to each packet's answer
  unsigned reads = 0;

  Slot& add(ata::FakeDrive drive, unsigned index = 0) {
    slots[index].drive = std::move(drive);
    slots[index].is_there = true;
    return slots[index];
  }

  std::uint32_t in(std::uint16_t port) {
    ++reads;
    Slot& slot = slots[selected_];
    if (is_floating) {
      return 0xFFFF'FFFF;
    }
    switch (port - kPorts.command.value) {
      case 0:
        return word(slot);
      case 2:
        return slot.reason;
      case 4:
        return slot.is_there ? slot.offer & 0xFFU : 0;
      case 5:
        return slot.is_there ? slot.offer >> 8 : 0;
      case 7:
      case 0x206:
        return slot.is_there ? slot.status : 0;
      default:
        return 0;
    }
  }

  void out(std::uint16_t port, std::uint32_t value) {
    Slot& slot = slots[selected_];
    const int at = port - kPorts.command.value;
    if (at == 0 && slot.takes_packet) {
      take_word(slot, value);
    } else if (at == 6) {
      selected_ = value >> 4 & 1;
      device_ = static_cast<std::uint8_t>(value);
    } else if (at == 7) {
      start(slot, static_cast<std::uint8_t>(value));
    } else if (at > 0 && at < 6) {
      auto& halves = registers_[static_cast<std::size_t>(at)];
      halves = {static_cast<std::uint8_t>(value), halves[0]};  // the newer, and the older
    }
  }

 private:
  [[nodiscard]] ata::Command command(std::uint8_t code) const {
    const auto lba = [&](std::size_t half) {
      return std::uint64_t{registers_[3][half]} | std::uint64_t{registers_[4][half]} << 8 |
             std::uint64_t{registers_[5][half]} << 16;
    };
    return {.code = code,
            .features = registers_[1][0],
            .count = static_cast<std::uint16_t>(registers_[2][0] | registers_[2][1] << 8),
            .lba = lba(0) | lba(1) << 24,
            .device = static_cast<std::uint8_t>(device_ & ~0xB0)};
  }

  void start(Slot& slot, std::uint8_t code) {
    if (!slot.is_there || ignores) {
      return;
    }
    slot.data.clear();
    slot.at = 0;
    if (hangs) {
      slot.status = 0xD0;
    } else if (code == ata::kPacket) {
      most_ = static_cast<std::uint16_t>(command(code).lba >> 8);
      slot.takes_packet = true;
      slot.packet.clear();
      slot.reason = 1;
      slot.status = 0x58;
    } else {
      answer(slot, slot.refuses ? std::nullopt : slot.drive.run(command(code)));
      slot.in_block = slot.drive.is_disc ? 512 : slot.drive.block_bytes;
    }
  }

  static void answer(Slot& slot, const ata::FakeDrive::Answer& bytes) {
    slot.status = bytes ? 0x58 : 0x51;
    if (bytes) {
      slot.data = *bytes;
    }
    if (bytes && bytes->empty()) {
      slot.status = 0x50;
    }
  }

  void take_word(Slot& slot, std::uint32_t value) {
    slot.packet.push_back(static_cast<std::uint8_t>(value));
    slot.packet.push_back(static_cast<std::uint8_t>(value >> 8));
    if (slot.packet.size() == ata::kPacketBytes) {
      slot.takes_packet = false;
      auto bytes = slot.drive.run_packet(slot.packet);
      if (bytes) {
        bytes->insert(bytes->end(), appended.begin(), appended.end());
      }
      answer(slot, bytes);
      offer(slot);
    }
  }

  void offer(Slot& slot) {
    const std::size_t left = slot.data.size() - slot.at;
    slot.offer = static_cast<std::uint16_t>(std::min({left, most_offered, std::size_t{most_}}));
    slot.reason = slot.offer == 0 ? 3 : 2;
    if (change_offer) {
      change_offer(slot);
    }
    slot.in_block = slot.offer;
  }

  std::uint32_t word(Slot& slot) {
    std::uint32_t value = 0xA5A5;
    if (slot.at + 1 < slot.data.size()) {
      value = std::to_integer<std::uint32_t>(slot.data[slot.at]) |
              std::to_integer<std::uint32_t>(slot.data[slot.at + 1]) << 8;
    }
    slot.at += 2;
    slot.in_block -= std::min<std::size_t>(slot.in_block, 2);
    if (slot.in_block == 0) {
      if (slot.at >= slot.data.size()) {
        slot.status = 0x50;
      } else if (!slot.packet.empty()) {
        offer(slot);
      } else {
        slot.in_block = slot.drive.block_bytes;
      }
    }
    return value;
  }

  std::array<std::array<std::uint8_t, 2>, 6> registers_{};
  unsigned selected_ = 0;
  std::uint8_t device_ = 0;
  std::uint16_t most_ = 0;
};

}  // namespace mote::ide
