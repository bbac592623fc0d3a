// The limits of the appliance as a whole.
#pragma once

#include <cstddef>

namespace mote::limits {

// Bytes read of a settings file in QEMU's fw_cfg.
inline constexpr std::size_t kSettingsBytes = 4096;

}  // namespace mote::limits
