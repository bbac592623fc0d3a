// The virtio network device on PCI, compiled once.
#include "drivers/virtio/nic.hpp"

#include "drivers/virtio/nic_bring_up.hpp"

namespace mote::virtio {

template class Nic<PciTransport>;

}  // namespace mote::virtio
