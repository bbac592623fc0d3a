// The limits of the appliance as a whole.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mote::limits {

// Bytes read of a settings file in QEMU's fw_cfg.
inline constexpr std::size_t kSettingsBytes = 4096;

// How long responses in delivery may take to end once the machine is to end, and the most that can
// be set.
inline constexpr std::uint32_t kPowerDrainS = 5;
inline constexpr std::uint32_t kMostPowerDrainS = 300;

}  // namespace mote::limits
