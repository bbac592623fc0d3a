// The common part of bring-up, compiled once for PCI and once for MMIO.
#include "drivers/virtio/bring_up.hpp"

namespace mote::virtio {

template bool accept_features(PciTransport&, Features, const Failure&);
template bool accept_features(MmioTransport&, Features, const Failure&);
template bool set_up_queue(PciTransport&, const QueueNeeds&, SplitRing&, const Failure&);
template bool set_up_queue(MmioTransport&, const QueueNeeds&, SplitRing&, const Failure&);

}  // namespace mote::virtio
