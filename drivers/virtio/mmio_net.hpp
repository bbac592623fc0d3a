// The virtio network device over MMIO: the one of net.hpp, reached another way.
#pragma once

#include "drivers/virtio/mmio_transport.hpp"
#include "drivers/virtio/net.hpp"

namespace mote::virtio {

// Whether a virtio network device lies behind this window. Quiet about all else: most windows of
// QEMU's microvm are empty.
[[nodiscard]] inline bool is_net(const MmioWindow& window) {
  return MmioTransport::is_device(window, kNetDevice);
}

extern template class Net<MmioTransport>;

}  // namespace mote::virtio

namespace mote {

using VirtioMmioNet = virtio::Net<virtio::MmioTransport>;
static_assert(NetDevice<VirtioMmioNet>);

}  // namespace mote
