// The e1000 family on PCI, compiled once.
#include "drivers/e1000/net.hpp"

#include "drivers/e1000/net_bring_up.hpp"

namespace mote::e1000 {

template class Net<PciRegisters>;

}  // namespace mote::e1000
