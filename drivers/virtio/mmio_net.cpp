// The virtio network device over MMIO, compiled once.
#include "drivers/virtio/mmio_net.hpp"

#include "drivers/virtio/net_bring_up.hpp"

namespace mote::virtio {

template class Net<MmioTransport>;

}  // namespace mote::virtio
