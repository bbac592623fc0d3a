// virtio over MMIO, compiled once for real registers.
#include "drivers/virtio/mmio_transport.hpp"

#include "kernel/paging.hpp"

namespace mote::virtio {

bool MappedRegisters::open(const MmioWindow& window) {
  base_ = window.base;
  return window.base.value % sizeof(std::uint32_t) == 0 &&
         paging::map_device(window.base, window.bytes);
}

template class BasicMmioTransport<MappedRegisters>;

}  // namespace mote::virtio
