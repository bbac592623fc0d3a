// A port of the virtio console device, compiled once for both transports.
#include "drivers/virtio/serial_port_bring_up.hpp"

namespace mote::virtio {

template class SerialPort<AnyTransport>;

}  // namespace mote::virtio
