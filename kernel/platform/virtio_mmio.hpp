// Where virtio devices without a bus (virtio-mmio) may be, as QEMU's microvm and Firecracker say.
#pragma once

#include <span>

#include "kernel/boot_info.hpp"
#include "kernel/memory/memory_map.hpp"
#include "kernel/memory/mmio_window.hpp"

namespace mote::virtio_mmio {

// Collects the windows that ACPI names (devices with hardware identifier LNRO0005) and those on the
// kernel command line (`virtio_mmio.device=512@0xfeb02e00:12`). Reports on the console those it
// can't use. Call once, after acpi::initialize.
void find(const BootInfo& info, MemoryMap memory);

// The windows found, each base once. A window may hold no device, or one of any kind.
[[nodiscard]] std::span<const MmioWindow> windows();

}  // namespace mote::virtio_mmio
