// A port's registers for tests, with a drive that answers into the test's memory, or misbehaves.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>

#include "drivers/ahci/registers.hpp"
#include "tests/unit/drivers/fake_drive.hpp"

namespace mote::ahci {

class FakePort {
 public:
  ata::FakeDrive drive;
  std::map<std::uint64_t, std::uint32_t> registers;
  std::uint32_t detected = port::kReady;  // PxSSTS

  // Faults.
  bool is_gone = false;      // all registers read as ones
  bool hangs = false;        // commands never end
  bool never_stops = false;  // PxCMD.CR stays set
  std::uint32_t task_file = 0x50;
  std::uint32_t causes = 0;      // raised by each command
  std::uint32_t miscounted = 0;  // added to PRDBC

  // A command is under way in the drive. Only COMRESET ends it, as in QEMU: without, the drive
  // writes to memory whenever its storage answers.
  bool is_at_work = false;

  std::uint32_t read(std::uint64_t at) {
    if (is_gone) {
      return ~std::uint32_t{0};
    }
    switch (at) {
      case port::kSataStatus:
        return detected;
      case port::kTaskFile:
        return task_file;
      default:
        return registers[at];
    }
  }

  void write(std::uint64_t at, std::uint32_t value) {
    switch (at) {
      case port::kInterruptStatus:
      case port::kSataError:
        registers[at] &= ~value;
        break;
      case port::kCommand: {
        std::uint32_t running = (value & port::kStart) != 0 ? port::kCommandRunning : 0;
        running |= never_stops ? port::kCommandRunning : 0;
        running |= (value & port::kFisReceive) != 0 ? port::kFisRunning : 0;
        registers[at] = (value & ~(port::kCommandRunning | port::kFisRunning)) | running;
        registers[port::kCommandIssue] = 0;
        break;
      }
      case port::kSataControl:
        is_at_work = is_at_work && (value & port::kDetection) != port::kReset;
        if ((value & port::kDetection) == 0 && detected == port::kPresent && comes_up) {
          detected = port::kReady;
        }
        registers[at] = value;
        break;
      case port::kCommandIssue:
        registers[at] |= value;
        run();
        break;
      default:
        registers[at] = value;
    }
  }

  bool comes_up = true;  // after COMRESET

 private:
  [[nodiscard]] std::uint64_t address(std::uint32_t at) {
    return std::uint64_t{registers[at + 4]} << 32 | registers[at];
  }

  void run() {
    if (hangs) {
      is_at_work = true;
      return;
    }
    CHECK((registers[port::kCommand] & (port::kStart | port::kFisReceive)) ==
          (port::kStart | port::kFisReceive));
    auto& header = *reinterpret_cast<CommandHeader*>(address(port::kCommandList));
    const auto& table = *reinterpret_cast<const CommandTable*>(header.table);
    CHECK(table.fis.type == 0x27);
    CHECK((header.flags & 0x1F) == 5);
    const auto answer = table.fis.command == ata::kPacket
                            ? drive.run_packet(std::span(table.packet).first(12))
                            : drive.run(command(table.fis));
    task_file = answer ? 0x50 : 0x451;
    registers[port::kInterruptStatus] |= causes | (answer ? 0 : port::kTaskFileError);
    if (answer && header.pieces != 0) {
      const std::size_t room = table.piece.last_byte + std::size_t{1};
      const std::size_t count = std::min(room, answer->size());
      std::memcpy(reinterpret_cast<void*>(table.piece.address), answer->data(), count);
      header.transferred = static_cast<std::uint32_t>(count) + miscounted;
    }
    if (answer) {
      registers[port::kCommandIssue] = 0;
    }
  }

  static ata::Command command(const CommandFis& fis) {
    ata::Command command{.code = fis.command, .features = fis.features, .device = fis.device};
    command.count = static_cast<std::uint16_t>(fis.count[0] | fis.count[1] << 8);
    for (unsigned i = 0; i < 3; ++i) {
      command.lba |= std::uint64_t{fis.lba_low[i]} << 8 * i;
      command.lba |= std::uint64_t{fis.lba_high[i]} << 8 * (i + 3);
    }
    return command;
  }
};

}  // namespace mote::ahci
