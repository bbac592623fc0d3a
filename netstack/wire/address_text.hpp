// Prints IPv4 addresses in dotted decimal.
#pragma once

#include "kernel/console/console.hpp"
#include "netstack/wire/headers.hpp"

namespace mote::netstack {

inline void print_to(Ipv4Address address) {
  console::print(address.value >> 24, '.', address.value >> 16 & 0xFF, '.',
                 address.value >> 8 & 0xFF, '.', address.value & 0xFF);
}

}  // namespace mote::netstack
