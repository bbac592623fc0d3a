// The limits of the appliance as a whole.
#pragma once

#include <cstddef>

namespace mote::limits {

// Bytes of the settings file that QEMU's fw_cfg may hold.
inline constexpr std::size_t kSettingsBytes = 4096;

}  // namespace mote::limits
