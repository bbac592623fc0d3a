// A host bus adapter's registers and the structures in memory that it reads.
//
// Serial ATA Advanced Host Controller Interface (AHCI) 1.3.1, to which section numbers in this
// folder refer; the frame is Serial ATA 3.1's (10.3.4).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "drivers/ata_commands.hpp"

namespace mote::ahci {

constexpr std::uint32_t bit(unsigned number) { return std::uint32_t{1} << number; }

// 3.1: generic host control, offsets from BAR 5 (ABAR). All registers have 32 bits.
namespace host {
inline constexpr std::uint32_t kControl = 0x04;           // GHC
inline constexpr std::uint32_t kPortsImplemented = 0x0C;  // PI: a bit for each port
inline constexpr std::uint32_t kCapabilities2 = 0x24;     // CAP2
inline constexpr std::uint32_t kHandoff = 0x28;           // BOHC

inline constexpr std::uint32_t kReset = bit(0);            // GHC.HR, clears itself
inline constexpr std::uint32_t kInterruptEnable = bit(1);  // GHC.IE
inline constexpr std::uint32_t kAhciEnable = bit(31);      // GHC.AE

inline constexpr std::uint32_t kHasHandoff = bit(0);  // CAP2.BOH

inline constexpr std::uint32_t kFirmwareOwns = bit(0);  // BOHC.BOS
inline constexpr std::uint32_t kWeOwn = bit(1);         // BOHC.OOS
inline constexpr std::uint32_t kFirmwareBusy = bit(4);  // BOHC.BB
}  // namespace host

// 3.3: a port's registers, offsets from its own first.
namespace port {
inline constexpr std::uint32_t kFirst = 0x100;
inline constexpr std::uint32_t kBytes = 0x80;
inline constexpr unsigned kMost = 32;

inline constexpr std::uint32_t kCommandList = 0x00;      // PxCLB, PxCLBU
inline constexpr std::uint32_t kReceivedFis = 0x08;      // PxFB, PxFBU
inline constexpr std::uint32_t kInterruptStatus = 0x10;  // PxIS
inline constexpr std::uint32_t kInterruptEnable = 0x14;  // PxIE
inline constexpr std::uint32_t kCommand = 0x18;          // PxCMD
inline constexpr std::uint32_t kTaskFile = 0x20;         // PxTFD: status in the lowest byte
inline constexpr std::uint32_t kSataStatus = 0x28;       // PxSSTS
inline constexpr std::uint32_t kSataControl = 0x2C;      // PxSCTL
inline constexpr std::uint32_t kSataError = 0x30;        // PxSERR
inline constexpr std::uint32_t kCommandIssue = 0x38;     // PxCI

// PxIS: a task file's error, and what else ends a command (6.2.2).
inline constexpr std::uint32_t kTaskFileError = bit(30);
inline constexpr std::uint32_t kErrors =
    kTaskFileError | bit(29) | bit(28) | bit(27) | bit(24);  // HBFS, HBDS, IFS, OFS

inline constexpr std::uint32_t kStart = bit(0);            // PxCMD.ST
inline constexpr std::uint32_t kFisReceive = bit(4);       // PxCMD.FRE
inline constexpr std::uint32_t kFisRunning = bit(14);      // PxCMD.FR
inline constexpr std::uint32_t kCommandRunning = bit(15);  // PxCMD.CR

// DET: in PxSSTS whether there is a device, in PxSCTL what to do about it.
inline constexpr std::uint32_t kDetection = 0xF;
inline constexpr std::uint32_t kPresent = 1;  // without communication
inline constexpr std::uint32_t kReady = 3;
inline constexpr std::uint32_t kReset = 1;  // COMRESET, while it stays set
}  // namespace port

// 4.2.2: an entry of the command list.
struct CommandHeader {
  std::uint16_t flags = 0;
  std::uint16_t pieces = 0;       // PRDTL
  std::uint32_t transferred = 0;  // PRDBC, written by the adapter: bytes
  std::uint64_t table = 0;        // CTBA, CTBAU
  std::array<std::uint32_t, 4> reserved{};

  static constexpr std::uint16_t kFisDoublewords = 5;  // CFL
  static constexpr std::uint16_t kAtapi = 1 << 5;      // A
};
static_assert(sizeof(CommandHeader) == 32);
static_assert(offsetof(CommandHeader, table) == 8);

// 4.2.3.3: an entry of the physical region descriptor table.
struct Piece {
  std::uint64_t address = 0;  // DBA, DBAU: even
  std::uint32_t reserved = 0;
  std::uint32_t last_byte = 0;  // DBC: one less than the bytes, whose number is even
};
static_assert(sizeof(Piece) == 16);
static_assert(offsetof(Piece, last_byte) == 12);

// Serial ATA 3.1, 10.3.4: the frame that carries a command to the drive.
struct CommandFis {
  std::uint8_t type = 0x27;   // Register, host to device
  std::uint8_t flags = 0x80;  // C: it is a command
  std::uint8_t command = 0;
  std::uint8_t features = 0;
  std::array<std::uint8_t, 3> lba_low{};
  std::uint8_t device = 0;
  std::array<std::uint8_t, 3> lba_high{};
  std::uint8_t features_high = 0;
  std::array<std::uint8_t, 2> count{};
  std::array<std::uint8_t, 6> rest{};

  [[nodiscard]] static constexpr CommandFis of(const ata::Command& command) {
    const auto lba = [&](unsigned index) {
      return static_cast<std::uint8_t>(command.lba >> 8 * index);
    };
    return {.command = command.code,
            .features = command.features,
            .lba_low = {lba(0), lba(1), lba(2)},
            .device = command.device,
            .lba_high = {lba(3), lba(4), lba(5)},
            .count = {static_cast<std::uint8_t>(command.count),
                      static_cast<std::uint8_t>(command.count >> 8)}};
  }
};
static_assert(sizeof(CommandFis) == 4 * CommandHeader::kFisDoublewords);
static_assert(offsetof(CommandFis, device) == 7 && offsetof(CommandFis, count) == 12);

// 4.2.3: what one command is made of.
struct CommandTable {
  CommandFis fis;  // CFIS
  std::array<std::byte, 0x40 - sizeof(CommandFis)> fis_rest{};
  std::array<std::uint8_t, 16> packet{};  // ACMD
  std::array<std::byte, 0x30> reserved{};
  Piece piece;
};
static_assert(offsetof(CommandTable, packet) == 0x40);
static_assert(offsetof(CommandTable, piece) == 0x80);

// The memory of a port. We use only the first entry of the command list.
struct PortMemory {
  std::array<CommandHeader, 32> list{};
  std::array<std::byte, 256> received_fis{};
  CommandTable table;
  std::array<std::byte, 112> padding{};
  std::array<std::byte, ata::Identity::kBytes> scratch{};

  static constexpr std::size_t kAlignment = 1024;  // PxCLB's; 256 for PxFB, 128 for CTBA
};
static_assert(offsetof(PortMemory, received_fis) % 256 == 0);
static_assert(offsetof(PortMemory, table) % 128 == 0);
static_assert(offsetof(PortMemory, scratch) % kLeastBlockBytes == 0);
static_assert(sizeof(PortMemory) == 2048);

}  // namespace mote::ahci
