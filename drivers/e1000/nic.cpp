// The e1000 family on PCI, compiled once.
#include "drivers/e1000/nic.hpp"

#include "drivers/e1000/nic_bring_up.hpp"

namespace mote::e1000 {

template class Nic<PciRegisters>;

}  // namespace mote::e1000
