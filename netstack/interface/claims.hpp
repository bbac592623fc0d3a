// Which station is believed to have a neighbour's address when another one claims it.
//
// Anybody on the link can say that the gateway's address is theirs, and RFC 826 believes whoever
// spoke last. So a known station is kept, and asked by unicast whether it is still there (RFC 1122,
// 2.3.2.1 (2)). If it answers, the claim is forgotten. If it is silent limits::kArpPolls times, all
// are asked, and whoever claims the address next has it: so a router's failover and a neighbour's
// new NIC are followed in three seconds. An address that nobody is known to have goes to the first
// who claims it; nothing in ARP tells a forger from the owner there.
#pragma once

#include <cstddef>

namespace mote::netstack {

// Entry `entry` of lwIP's ARP table begins anew: nothing is known of it.
void forget_claims(std::size_t entry);

// Call several times a second: asks again the stations that haven't answered yet.
void look_at_claims();

}  // namespace mote::netstack
