// The machine's disks: the list of drivers, and the choice of one for each device.
#include "firmware/disks.hpp"

#include <cstddef>
#include <optional>

#include "drivers/ahci/controller.hpp"
#include "drivers/block_device.hpp"
#include "drivers/ide/controller.hpp"
#include "drivers/virtio/block.hpp"
#include "drivers/virtio/scsi.hpp"
#include "firmware/driver_list.hpp"
#include "firmware/in_passing.hpp"
#include "kernel/console/console.hpp"
#include "kernel/memory/dma.hpp"
#include "kernel/pci/pci.hpp"
#include "kernel/platform/virtio_mmio.hpp"
#include "volumes/disk.hpp"

namespace mote::disks {
namespace {

// The drivers. To add one, add its folder and its name here.
using PciDrivers =
    DriverList<virtio::AnyBlock, virtio::AnyScsiHost, ahci::Controller, ide::Controller>;
using WindowDrivers = DriverList<virtio::AnyBlock, virtio::AnyScsiHost>;

// The caller's search: its visitor and the visitor's context.
struct Search {
  Visit visit;
  void* context;
  bool is_over = false;
  bool all_stopped = true;
};

// Shows the disks' volumes. One window does for all disks of a controller: those that failed don't
// write to it any more, or there are no others after them. Returns whether it got the memory.
template <BlockController Controller>
bool look_at_disks(const auto& location, Controller& controller, Search& search) {
  const auto window = dma::allocate(volumes::Disk::kWindowBytes, volumes::Disk::kWindowBytes);
  if (window.empty()) {
    return false;
  }
  controller.each_disk([&](auto& device) {
    volumes::Disk disk(device, window.first<volumes::Disk::kWindowBytes>());
    if (auto volume = volumes::Volume::open(disk)) {
      search.is_over = search.visit(*volume, search.context);
    }
    if (disk.has_failed()) {
      in_passing::print_place(location);
      console::line(" has a disk that fails: ", device.error());
    }
    return search.is_over;
  });
  return true;
}

template <typename List>
void look_through(const auto& locations, Search& search) {
  for (const auto& location : locations) {
    if (search.is_over) {
      return;
    }
    List::choose(location, [&]<BlockController Controller>() {
      search.all_stopped &= in_passing::use<Controller>(location, [&](Controller& controller) {
        if (!controller.bring_up(location)) {
          in_passing::tell(location, controller.error());
        } else if (!look_at_disks(location, controller, search)) {
          in_passing::tell(location, in_passing::kNoMemory);
        }
      });
    });
  }
}

}  // namespace

bool each_volume(Visit visit, void* context) {
  Search search{visit, context};
  look_through<PciDrivers>(pci::functions(), search);
  look_through<WindowDrivers>(virtio_mmio::windows(), search);
  return search.all_stopped;
}

}  // namespace mote::disks
