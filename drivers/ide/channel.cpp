// Sends a channel's drives commands, and receives their data word by word.
#include "drivers/ide/channel.hpp"

#include <algorithm>

#include "kernel/cpu/port_io.hpp"
#include "kernel/time/allowance.hpp"

namespace mote::ide {
namespace {

// 5.1: offsets of the command block's registers.
constexpr std::uint16_t kData = 0;
constexpr std::uint16_t kFeatures = 1;
constexpr std::uint16_t kCount = 2;  // with PACKET: the interrupt reason
constexpr std::uint16_t kLbaLow = 3;
constexpr std::uint16_t kLbaMid = 4;   // with PACKET: the byte count, low
constexpr std::uint16_t kLbaHigh = 5;  // and high
constexpr std::uint16_t kDevice = 6;
constexpr std::uint16_t kCommand = 7;

// The control register; read, it is the status, without side effects.
constexpr std::uint8_t kNoInterrupt = 1 << 1;  // nIEN

constexpr std::uint8_t kFloating = 0xFF;  // read where there is no drive
constexpr std::uint8_t kFailed = ata::status::kError | ata::status::kFault;

// The interrupt reason (ATA/ATAPI-7 volume 1, PACKET): what the drive wants to transfer.
constexpr std::uint8_t kReasonMask = 3;
constexpr std::uint8_t kReasonPacket = 1;  // C/D
constexpr std::uint8_t kReasonAnswer = 2;  // I/O

// More than was asked for is read and forgotten, up to this. No drive that works sends any.
constexpr std::size_t kMostExtraBytes = 64 * 1024;

}  // namespace

// 400 ns, which a drive may take to raise BSY; a read of a port takes about a hundred, and none is
// that fast in a virtual machine.
void DriveLink::pause() const {
  for (unsigned i = 0; i < 4; ++i) {
    static_cast<void>(port::in8(ports_.control));
  }
}

bool DriveLink::fail(std::string_view error) {
  error_ = error;
  is_usable_ = false;
  return false;
}

// A status of zero is that of no drive, or of a disc drive after a reset, which then has its
// signature in these registers (ATA/ATAPI-7 volume 1, 5.15).
bool DriveLink::is_in_use() const {
  constexpr std::uint8_t kDiscMid = 0x14;
  constexpr std::uint8_t kDiscHigh = 0xEB;
  if (ports_.command.value == 0) {
    return false;
  }
  port::out8(ports_.control, kNoInterrupt);
  port::out8(ports_.command + kDevice, select_);
  pause();
  const std::uint8_t status = port::in8(ports_.control);
  if (status != 0) {
    return status != kFloating;
  }
  return port::in8(ports_.command + kLbaMid) == kDiscMid &&
         port::in8(ports_.command + kLbaHigh) == kDiscHigh;
}

// Waits until the drive isn't busy, and returns its status.
std::optional<std::uint8_t> DriveLink::settle(Patience<>& patience) {
  for (;;) {
    const std::uint8_t status = port::in8(ports_.control);
    if (status == kFloating) {
      static_cast<void>(fail("the drive is gone"));
      return std::nullopt;
    }
    if ((status & ata::status::kBusy) == 0) {
      return status;
    }
    if (patience.is_over()) {
      static_cast<void>(fail("the drive doesn't answer in time"));
      return std::nullopt;
    }
  }
}

bool DriveLink::has_failed(std::uint8_t status) {
  if ((status & kFailed) != 0) {
    error_ = "the drive reports an error";
    return true;
  }
  return false;
}

// Whether a drive that isn't busy offers or asks for data, as it should.
bool DriveLink::wants_data(std::uint8_t status) {
  if (has_failed(status)) {
    return false;
  }
  if ((status & ata::status::kDataRequest) == 0) {
    error_ = "the drive ignores a command";
    return false;
  }
  return true;
}

// Writes a command's registers; those with two halves get the upper one first.
bool DriveLink::send(const ata::Command& command) {
  if (!is_usable_) {
    return false;
  }
  port::out8(ports_.command + kDevice, static_cast<std::uint8_t>(select_ | command.device));
  pause();
  Patience patience(allowance::at_most(kIdleTime));
  const std::optional<std::uint8_t> status = settle(patience);
  if (!status) {
    return false;
  }
  if ((*status & ata::status::kDataRequest) != 0) {
    return fail("the drive isn't done with a command");
  }
  const auto put = [&](std::uint16_t at, std::uint64_t value) {
    port::out8(ports_.command + at, static_cast<std::uint8_t>(value));
  };
  put(kFeatures, command.features);
  put(kCount, command.count >> 8);
  put(kLbaLow, command.lba >> 24);
  put(kLbaMid, command.lba >> 32);
  put(kLbaHigh, command.lba >> 40);
  put(kCount, command.count);
  put(kLbaLow, command.lba);
  put(kLbaMid, command.lba >> 8);
  put(kLbaHigh, command.lba >> 16);
  put(kCommand, command.code);
  pause();
  return true;
}

// 9.5: a block each time that the drive asks for it.
std::optional<std::size_t> DriveLink::command(const ata::Command& command, std::size_t block_bytes,
                                              std::span<std::byte> to) {
  if (!send(command)) {
    return std::nullopt;
  }
  Patience patience(allowance::at_most(ata::kCommandTime));
  for (std::size_t at = 0; at < to.size(); at += block_bytes) {
    const std::optional<std::uint8_t> status = settle(patience);
    if (!status || !wants_data(*status)) {
      return std::nullopt;
    }
    port::in16(ports_.command + kData, to.subspan(at, std::min(block_bytes, to.size() - at)));
    pause();
  }
  const std::optional<std::uint8_t> status = settle(patience);
  if (!status || has_failed(*status)) {
    return std::nullopt;
  }
  return to.size();
}

// 9.8: the drive takes the packet, and then offers as many bytes as it likes, until it is done.
std::optional<std::size_t> DriveLink::packet(const scsi::Command& packet, std::span<std::byte> to) {
  Patience patience(allowance::at_most(ata::kCommandTime));
  if (!send_packet(packet, to.size(), patience)) {
    return std::nullopt;
  }
  std::size_t received = 0;
  for (;;) {
    const std::optional<std::uint8_t> status = settle(patience);
    if (!status) {
      return std::nullopt;
    }
    if (has_failed(*status)) {
      return std::nullopt;
    }
    if ((*status & ata::status::kDataRequest) == 0) {
      return received;
    }
    const std::size_t offered = take_offer(to.subspan(std::min(received, to.size())));
    received += offered;
    if (offered == 0 || received > to.size() + kMostExtraBytes) {
      static_cast<void>(fail("the drive offers impossible data"));
      return std::nullopt;
    }
  }
}

bool DriveLink::send_packet(const scsi::Command& packet, std::size_t answer_bytes,
                            Patience<>& patience) {
  // The most bytes it may offer at once, not zero (ATA/ATAPI-7 volume 1, 6.24).
  const std::size_t limit = answer_bytes == 0 ? ata::kPacketBytes : answer_bytes;
  static_assert(kMostReadBytes < 0xFFFF);
  if (!send({.code = ata::kPacket, .lba = std::uint64_t{limit} << 8})) {
    return false;
  }
  const std::optional<std::uint8_t> status = settle(patience);
  if (!status || !wants_data(*status)) {
    return false;
  }
  if ((port::in8(ports_.command + kCount) & kReasonMask) != kReasonPacket) {
    return fail("the drive doesn't take a packet");
  }
  for (std::size_t i = 0; i < ata::kPacketBytes; i += 2) {
    port::out16(ports_.command + kData, static_cast<std::uint16_t>(packet[i] | packet[i + 1] << 8));
  }
  pause();
  return true;
}

// Reads all that the drive offers now; what doesn't fit is forgotten. Returns how many bytes, in
// whole words: zero if it offers none, or wants something else.
std::size_t DriveLink::take_offer(std::span<std::byte> to) const {
  if ((port::in8(ports_.command + kCount) & kReasonMask) != kReasonAnswer) {
    return 0;
  }
  const unsigned low = port::in8(ports_.command + kLbaMid);
  const unsigned high = port::in8(ports_.command + kLbaHigh);
  const std::size_t offered = ((high << 8 | low) + 1) & ~std::size_t{1};
  const std::size_t taken = std::min(offered, to.size());
  port::in16(ports_.command + kData, to.first(taken));
  for (std::size_t i = taken; i < offered; i += 2) {
    static_cast<void>(port::in16(ports_.command + kData));
  }
  pause();
  return offered;
}

}  // namespace mote::ide
