// An IDE controller on PCI: two channels with two drives each.
//
// PCI IDE Controller Specification 1.0: a channel is at its old ports or, in native mode, where
// base addresses say.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "drivers/ata_drive.hpp"
#include "drivers/block_device.hpp"
#include "drivers/ide/channel.hpp"
#include "kernel/pci/pci.hpp"

namespace mote::ide {

class Controller {
 public:
  using Location = pci::Function;
  using Disk = ata::Drive<DriveLink>;

  // See BlockController.
  [[nodiscard]] static bool drives(const pci::Function& function);
  [[nodiscard]] bool bring_up(const pci::Function& function);
  [[nodiscard]] std::string_view error() const { return {}; }
  template <typename Visit>
  void each_disk(Visit&& visit) {
    for (unsigned number = 0; number < kDrives; ++number) {
      if (open(number) && disk_.blocks() != 0 && visit(disk_)) {
        return;
      }
    }
  }
  [[nodiscard]] static bool shut_down() { return true; }  // it was never given memory

 private:
  static constexpr unsigned kDrives = 4;

  [[nodiscard]] bool open(unsigned number);

  pci::Function function_;
  std::array<Ports, 2> channels_{};
  DriveLink link_;  // to the drive in use
  Disk disk_;
  std::array<std::byte, ata::Identity::kBytes> scratch_{};
};
static_assert(BlockController<Controller>);
static_assert(BlockDevice<Controller::Disk>);

}  // namespace mote::ide
