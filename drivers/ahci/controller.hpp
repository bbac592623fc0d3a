// A host bus adapter on PCI, and the disks at its ports.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "drivers/ahci/port.hpp"
#include "drivers/ata_drive.hpp"
#include "drivers/block_device.hpp"
#include "kernel/pci/pci.hpp"

namespace mote::ahci {

// 10.6.3: how long firmware may take to let go of the adapter, and longer if it says it is busy.
inline constexpr Nanoseconds kHandoffTime = milliseconds(25);
inline constexpr Nanoseconds kBusyHandoffTime = milliseconds(2000);
inline constexpr Nanoseconds kHostResetTime = milliseconds(1000);  // 10.4.3

class Controller {
 public:
  using Location = pci::Function;
  using Disk = ata::Drive<Port>;

  // See BlockController. A drive that doesn't answer makes only itself unusable; a port that
  // doesn't stop is the adapter's fault, which is then not asked for more disks.
  [[nodiscard]] static bool drives(const pci::Function& function);
  [[nodiscard]] bool bring_up(const pci::Function& function);
  [[nodiscard]] std::string_view error() const { return error_; }
  template <typename Visit>
  void each_disk(Visit&& visit) {
    for (unsigned number = 0; number < port::kMost; ++number) {
      if (has_drive(number)) {
        const bool is_enough = open(number) && disk_.blocks() != 0 && visit(disk_);
        if (!close() || is_enough) {
          return;
        }
      }
    }
  }
  [[nodiscard]] bool shut_down();

 private:
  [[nodiscard]] bool fail(std::string_view error) {
    error_ = error;
    return false;
  }
  [[nodiscard]] bool becomes(std::uint32_t at, std::uint32_t mask, Nanoseconds within) const;
  void take_from_firmware() const;
  [[nodiscard]] bool has_drive(unsigned number);
  [[nodiscard]] bool open(unsigned number);
  [[nodiscard]] bool close();

  pci::Function function_;
  PhysicalAddress registers_{};  // 0: not brought up
  std::uint32_t ports_ = 0;      // a bit for each one that is there
  Port port_;                    // the one in use
  Disk disk_;                    // at that port
  std::size_t memory_mark_ = 0;  // before its memory
  bool is_stopped_ = true;       // false once a port doesn't stop
  std::string_view error_;
};
static_assert(BlockController<Controller>);
static_assert(BlockDevice<Controller::Disk>);

}  // namespace mote::ahci
