// The virtio network device over MMIO: the one of net.hpp, reached another way.
#pragma once

#include "drivers/virtio/mmio_transport.hpp"
#include "drivers/virtio/net.hpp"

namespace mote::virtio {

extern template class Net<MmioTransport>;

}  // namespace mote::virtio

namespace mote {

using VirtioMmioNet = virtio::Net<virtio::MmioTransport>;
static_assert(NetDevice<VirtioMmioNet>);

}  // namespace mote
