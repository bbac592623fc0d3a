// served_machine.hpp, on the unit tests' device and clock.
#include "tests/fuzz/served_machine.hpp"

#include <cstdint>
#include <optional>

#include "http/connection/connection.hpp"
#include "http/connection/server.hpp"
#include "kernel/time/wall_clock.hpp"
#include "lwip/priv/tcp_priv.h"
#include "netstack/ip/path_mtu.hpp"
#include "netstack/stack.hpp"
#include "tests/fakes/demand.hpp"
#include "tests/fuzz/guarded_pack.hpp"
#include "tests/unit/ample_arena.hpp"
#include "tests/unit/netstack/world.hpp"

namespace mote {

std::optional<std::uint64_t> wall_clock::now() {
  return 1'795'000'000 + clock::now().value / 1'000'000'000;
}

namespace fuzz {

void make_served_machine(std::size_t connections) {
  world::machine_plan = plan_for(RamShare::kAmpleBytes / 2, connections);
  world::machine();
  demand(http::set_up(ample_arena(), world::machine_plan.http), "no memory");
  const http::Options options{.endpoints = {.metrics = "/metrics"}};
  demand(http::start(guarded_pack(), options), "no server");
  world::prompt_server = netstack::kPromptServer<http::Connection>;
}

// A step is a tick of TCP's timer.
void let_it_rest() {
  constexpr unsigned kMinute = 60 * 1000 / 50;
  world::Machine& machine = world::machine();
  unsigned quiet = 0;
  for (unsigned ticks = 0; ticks < 25 * kMinute && quiet < kMinute; ++ticks) {
    quiet = tcp_active_pcbs == nullptr && tcp_tw_pcbs == nullptr ? quiet + 1 : 0;
    world::advance(milliseconds(50));
    world::settle(machine);
    machine.device.wire.clear();
    if (ticks % 10 == 0) machine.interface.tend(clock::now());
  }
  world::advance(netstack::NarrowPaths::kLifetime);
}

}  // namespace fuzz
}  // namespace mote
