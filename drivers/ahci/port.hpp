// A port of a host bus adapter, with the drive at its other end: one command at a time, polled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "drivers/ahci/registers.hpp"
#include "drivers/ata_drive.hpp"
#include "kernel/cpu/addresses.hpp"
#include "kernel/time/clock.hpp"

namespace mote::ahci {

// The longest waits: for a port to stop (10.1.2), for a link to come up after COMRESET, and for the
// drive to be ready for a command then.
inline constexpr Nanoseconds kStopTime = milliseconds(500);
inline constexpr Nanoseconds kLinkTime = milliseconds(1000);
inline constexpr Nanoseconds kIdleTime = milliseconds(1000);
inline constexpr Nanoseconds kResetPause = milliseconds(1);  // how long COMRESET lasts (10.4.2)

class Port {
 public:
  static constexpr std::string_view kDiskModel = "ahci-disk";
  static constexpr std::string_view kDiscModel = "ahci-cd";
  static constexpr ata::ReadCodes kReadCodes = ata::kReadDma;

  constexpr Port() = default;
  explicit constexpr Port(PhysicalAddress registers) : registers_(registers) {}

  // Whether a device is plugged in.
  [[nodiscard]] bool is_in_use() const;

  // Stops the port, gives it its memory, which must outlive it, and starts it. False: `error`.
  [[nodiscard]] bool start(PortMemory& memory);

  // See ata::Link. `block_bytes` doesn't matter: the adapter receives any number of blocks.
  [[nodiscard]] std::optional<std::size_t> command(const ata::Command& command,
                                                   std::size_t block_bytes,
                                                   std::span<std::byte> to);
  [[nodiscard]] std::optional<std::size_t> packet(const scsi::Command& packet,
                                                  std::span<std::byte> to);
  [[nodiscard]] std::string_view error() const { return error_; }

  // Ends the port's access to memory. False: it doesn't stop.
  [[nodiscard]] bool stop();

 private:
  [[nodiscard]] std::uint32_t read(std::uint32_t at) const;
  void write(std::uint32_t at, std::uint32_t value) const;
  void write64(std::uint32_t at, PhysicalAddress value) const;
  [[nodiscard]] bool becomes(std::uint32_t at, std::uint32_t mask, std::uint32_t value,
                             Nanoseconds within) const;
  void change(std::uint32_t at, std::uint32_t clear, std::uint32_t set) const;
  void reset_link() const;
  [[nodiscard]] bool bring_link_up() const;
  [[nodiscard]] bool stop_commands() const;
  [[nodiscard]] bool fail(std::string_view error);
  [[nodiscard]] std::optional<std::size_t> issue(std::uint16_t flags, std::span<std::byte> to);
  [[nodiscard]] bool finish();
  void recover(std::uint32_t causes);

  PhysicalAddress registers_{};
  PortMemory* memory_ = nullptr;
  bool is_running_ = false;  // false once it failed in a way that leaves it unusable
  std::string_view error_;
};
static_assert(ata::Link<Port>);

}  // namespace mote::ahci
