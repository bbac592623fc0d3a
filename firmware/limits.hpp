// The limits of the appliance as a whole.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mote::limits {

// Bytes read of a settings file in QEMU's fw_cfg.
inline constexpr std::size_t kSettingsBytes = 4096;

// Static routes in settings, of all NICs together.
inline constexpr std::size_t kSettingRoutes = 32;

// Complaints printed about one source of settings; the console says when there are more.
inline constexpr unsigned kSettingComplaints = 12;

// virtio console devices that are searched for the guest agent's port. Proxmox gives a machine with
// SPICE two.
inline constexpr std::size_t kSerialDevices = 3;

// How long responses in delivery may take to end once the machine is to end, and the most that can
// be set.
inline constexpr std::uint32_t kPowerDrainS = 5;
inline constexpr std::uint32_t kMostPowerDrainS = 300;

}  // namespace mote::limits
