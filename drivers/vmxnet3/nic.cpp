// The vmxnet3 network device on PCI, compiled once.
#include "drivers/vmxnet3/nic.hpp"

#include "drivers/vmxnet3/nic_bring_up.hpp"

namespace mote::vmxnet3 {

template class Nic<PciRegisters>;

}  // namespace mote::vmxnet3
