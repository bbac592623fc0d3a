// The ports on which the QEMU guest agent listens: a virtio port named org.qemu.guest_agent.0, on
// PCI or in an MMIO window, or the first serial port behind the console's.
#pragma once

#include "agent/host.hpp"
#include "firmware/settings/settings.hpp"
#include "kernel/cpu/watch.hpp"
#include "kernel/pci/config.hpp"
#include "kernel/time/clock.hpp"

namespace mote::agent_ports {

// Looks for the ports, after the NICs have their rings. What doesn't work is named on the console.
// `settings` must outlive the ports; `shut_down` obeys guest-shutdown.
void bring_up(const Settings& settings, void (*shut_down)(agent::Shutdown));

// Serves the ports. Cheap when they are idle, but not free: for the run loop's timers.
void turn(Nanoseconds now);

// When `turn` must be called again although nothing watched has changed.
[[nodiscard]] Nanoseconds next_turn();

// Adds the words that change when there is work.
void watch(Watch& watch);

// For a doze.
void arm();
void disarm();

// Lets go the ports of a PCI device that leaves; `device.function` doesn't matter.
void let_go(pci::Address device);

// The occasional check. Costs an exit to the hypervisor for each device.
void look_around();

}  // namespace mote::agent_ports
