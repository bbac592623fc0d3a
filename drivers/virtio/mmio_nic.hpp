// The virtio network device over MMIO: nic.hpp with another transport.
#pragma once

#include "drivers/virtio/mmio_transport.hpp"
#include "drivers/virtio/nic.hpp"

namespace mote::virtio {

using MmioNic = Nic<MmioTransport>;
static_assert(NetDevice<MmioNic>);

extern template class Nic<MmioTransport>;

}  // namespace mote::virtio
