// The limits of the appliance as a whole.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mote::limits {

// Bytes read of the file in QEMU's fw_cfg and of each on a settings disk. They are smaller, but for
// user-data, which is for others if it is so long.
inline constexpr std::size_t kSettingsFileBytes = 16 * 1024;

// RAM lent to devices that are used only at boot: rings and windows of disks, a file, its tree.
inline constexpr std::size_t kBootDmaBytes = 160 * 1024;

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

// How long the run loop may stand still before a watchdog timer resets the machine, and how often
// the timer is fed, which costs exits to the hypervisor.
inline constexpr std::uint32_t kWatchdogMs = 10'000;
inline constexpr std::uint32_t kWatchdogFeedMs = 1'000;

}  // namespace mote::limits
