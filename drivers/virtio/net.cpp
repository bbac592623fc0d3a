// The virtio network device on PCI, compiled once.
#include "drivers/virtio/net.hpp"

#include "drivers/virtio/net_bring_up.hpp"

template class mote::virtio::Net<mote::virtio::PciTransport>;
