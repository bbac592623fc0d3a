// The machine's disks: finds them, and shows their volumes to whoever looks for settings.
#pragma once

#include "kernel/memory/memory_map.hpp"
#include "volumes/volume.hpp"

namespace mote::disks {

// Receives each volume in turn. Returns true to end the search.
using Visit = bool (*)(volumes::Volume& volume, void* context);

// Calls `visit(volume, context)` with each volume on the block devices on PCI and in MMIO windows,
// which are known by now, until it returns true. A device that doesn't work is named on the console
// and passed over. None is in use afterwards.
//
// The rings come from kernel/memory/dma.hpp and are given back. False: a device couldn't be
// stopped, so that memory must never be used again.
[[nodiscard]] bool each_volume(Visit visit, void* context);

}  // namespace mote::disks
