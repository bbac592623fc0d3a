// Where virtio devices without a bus may be, as hypervisors tell: QEMU's microvm, Firecracker.
#pragma once

#include <span>

#include "kernel/boot_info.hpp"
#include "kernel/memory/memory_map.hpp"
#include "kernel/memory/mmio_window.hpp"

namespace mote::virtio_mmio {

// Gathers the windows that ACPI names (devices with the hardware identifier LNRO0005) and those on
// the kernel command line (`virtio_mmio.device=512@0xfeb02e00:12`). What can't be used is named on
// the console. Once, after acpi::initialize.
void find(const BootInfo& info, MemoryMap memory);

// What was found, each base once. There need not be a device in it, or of any wanted kind.
[[nodiscard]] std::span<const MmioWindow> windows();

}  // namespace mote::virtio_mmio
