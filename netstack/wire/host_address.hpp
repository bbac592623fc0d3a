// Which IPv4 addresses a host can have, whether from settings or from DHCP.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

#include "netstack/wire/headers.hpp"

namespace mote::netstack {

// The mask of a prefix of 0 to 32 bits.
[[nodiscard]] constexpr Ipv4Address mask_of(unsigned prefix_bits) {
  return {prefix_bits == 0 ? 0 : 0xFFFFFFFFU << (32 - prefix_bits)};
}

// Whether a mask is ones, then zeros.
[[nodiscard]] constexpr bool is_mask(Ipv4Address mask) {
  return std::countl_one(mask.value) == std::popcount(mask.value);
}

[[nodiscard]] constexpr bool same_network(Ipv4Address a, Ipv4Address b, unsigned prefix_bits) {
  return ((a.value ^ b.value) & mask_of(prefix_bits).value) == 0;
}

// Why no host can have an address, as words that complete "is ..."; empty if one can. 240/4 is
// reserved for "future use" (RFC 1112, 4), but used inside some clouds.
[[nodiscard]] constexpr std::string_view fault_of_host(Ipv4Address address) {
  if (address.value >> 24 == 0) {
    return "of 0.0.0.0/8, which stands for this network";
  }
  if (address.is_loopback()) {
    return "a loopback address";
  }
  if (address.is_multicast()) {
    return "a multicast address";
  }
  if (address.is_broadcast()) {
    return "the broadcast address";
  }
  return {};
}

// The same for an address on a subnet, whose own and broadcast addresses no host has. A link of two
// hosts has neither (RFC 3021), nor does a /32.
[[nodiscard]] constexpr std::string_view fault_on_subnet(Ipv4Address address,
                                                         unsigned prefix_bits) {
  if (const std::string_view fault = fault_of_host(address); !fault.empty()) {
    return fault;
  }
  if (prefix_bits >= 31) {
    return {};
  }
  const std::uint32_t host_bits = ~mask_of(prefix_bits).value;
  if ((address.value & host_bits) == 0) {
    return "its subnet's own address";
  }
  if ((address.value & host_bits) == host_bits) {
    return "its subnet's broadcast address";
  }
  return {};
}

}  // namespace mote::netstack
