// A port of the virtio console device, compiled once for each transport.
#include "drivers/virtio/serial_port_bring_up.hpp"

namespace mote::virtio {

template class SerialPort<PciTransport>;
template class SerialPort<MmioTransport>;

}  // namespace mote::virtio
