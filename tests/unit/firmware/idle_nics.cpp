// The NICs as the idle path sees them.
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
