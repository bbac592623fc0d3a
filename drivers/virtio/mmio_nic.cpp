// The virtio network device over MMIO, compiled once.
#include "drivers/virtio/mmio_nic.hpp"

#include "drivers/virtio/nic_bring_up.hpp"

namespace mote::virtio {

template class Nic<MmioTransport>;

}  // namespace mote::virtio
