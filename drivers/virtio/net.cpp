// The virtio network device on PCI, compiled once.
#include "drivers/virtio/net.hpp"

#include "drivers/virtio/net_bring_up.hpp"

namespace mote::virtio {

template class Net<PciTransport>;

}  // namespace mote::virtio
