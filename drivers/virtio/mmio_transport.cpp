// virtio over MMIO, compiled once for real registers.
#include "drivers/virtio/mmio_transport.hpp"

#include "kernel/interrupts/interrupts.hpp"
#include "kernel/memory/paging.hpp"

namespace mote::virtio {

bool MappedRegisters::open(const MmioWindow& window) {
  base_ = window.base;
  return window.base.value % sizeof(std::uint32_t) == 0 &&
         paging::map_device(window.base, window.bytes);
}

bool MappedRegisters::open_interrupt(const MmioWindow& window) {
  return window.interrupt && interrupts::use_wire(*window.interrupt);
}

template class BasicMmioTransport<MappedRegisters>;

}  // namespace mote::virtio
