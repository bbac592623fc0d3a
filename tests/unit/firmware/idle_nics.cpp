// The devices as the idle path sees them.
#include "firmware/agent_ports.hpp"
#include "firmware/nics.hpp"
#include "tests/unit/firmware/idle_world.hpp"

namespace mote::nics {

bool can_wake() { return idle::nic_state.can_wake; }

void arm() {
  ++idle::nic_state.armed;
  if (idle::nic_state.on_arm != nullptr) {
    idle::nic_state.on_arm();
  }
}

void disarm() { ++idle::nic_state.disarmed; }

}  // namespace mote::nics

namespace mote::agent_ports {

void arm() {}
void disarm() {}

}  // namespace mote::agent_ports
