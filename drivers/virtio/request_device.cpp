// Devices that take requests, compiled once for PCI and once for MMIO.
#include "drivers/virtio/request_device.hpp"

namespace mote::virtio {

template class RequestDevice<PciTransport>;
template class RequestDevice<MmioTransport>;

}  // namespace mote::virtio
