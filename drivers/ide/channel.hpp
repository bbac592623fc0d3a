// A channel of an IDE controller with its two drives: one command at a time, by programmed I/O.
//
// ATA/ATAPI-7 volume 2 (INCITS 397), to which section numbers in this folder refer: the registers
// (5.1) and the protocols (clause 9).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "drivers/ata_drive.hpp"
#include "kernel/cpu/addresses.hpp"
#include "kernel/time/patience.hpp"

namespace mote::ide {

// How long a drive may be busy before it gets its command.
inline constexpr Nanoseconds kIdleTime = milliseconds(1000);

// Where a channel's registers are. Port 0: it has none.
struct Ports {
  IoPort command;  // the first of eight
  IoPort control;
};

// The way to one of a channel's drives.
class DriveLink {
 public:
  static constexpr std::string_view kDiskModel = "ide-disk";
  static constexpr std::string_view kDiscModel = "ide-cd";
  static constexpr ata::ReadCodes kReadCodes = ata::kReadSectors;

  constexpr DriveLink() = default;
  constexpr DriveLink(Ports ports, bool is_second)
      : ports_(ports), select_(is_second ? kSelect | kSecond : kSelect) {}

  // Whether something answers; a handful of reads. Turns the channel's interrupt off.
  [[nodiscard]] bool is_in_use() const;

  // See ata::Link.
  [[nodiscard]] std::optional<std::size_t> command(const ata::Command& command,
                                                   std::size_t block_bytes,
                                                   std::span<std::byte> to);
  [[nodiscard]] std::optional<std::size_t> packet(const scsi::Command& packet,
                                                  std::span<std::byte> to);
  [[nodiscard]] std::string_view error() const { return error_; }

  // Whether it keeps to the protocol, though it may refuse commands.
  [[nodiscard]] bool is_usable() const { return is_usable_; }

 private:
  static constexpr std::uint8_t kSelect = 0xA0;  // with bits that old drives want set
  static constexpr std::uint8_t kSecond = 1 << 4;

  void pause() const;
  [[nodiscard]] bool fail(std::string_view error);
  [[nodiscard]] std::optional<std::uint8_t> settle(Patience<>& patience);
  [[nodiscard]] bool has_failed(std::uint8_t status);
  [[nodiscard]] bool wants_data(std::uint8_t status);
  [[nodiscard]] bool send(const ata::Command& command);
  [[nodiscard]] bool send_packet(const scsi::Command& packet, std::size_t answer_bytes,
                                 Patience<>& patience);
  [[nodiscard]] std::size_t take_offer(std::span<std::byte> to) const;

  Ports ports_{};
  std::uint8_t select_ = kSelect;
  bool is_usable_ = true;
  std::string_view error_;
};
static_assert(ata::Link<DriveLink>);

}  // namespace mote::ide
