// Fakes of the kernel's services that the driver uses.
#include <cstdint>

#include "kernel/platform/entropy.hpp"

namespace mote::entropy {
std::uint64_t random64() { return 0x1234'5678'9ABC'DEF1; }
}  // namespace mote::entropy
