// Devices that take requests, compiled once for PCI and MMIO.
#include "drivers/virtio/request_device.hpp"

namespace mote::virtio {

template class RequestDevice<AnyTransport>;

}  // namespace mote::virtio
