// A lease from a DHCP server, without whatever no host can use.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "netstack/dhcp/message.hpp"
#include "netstack/interface/complaints.hpp"
#include "netstack/ip/routes.hpp"
#include "netstack/wire/headers.hpp"
#include "netstack/wire/host_name.hpp"

namespace mote::netstack {

struct Lease {
  static constexpr std::uint32_t kForever = 0xFFFFFFFF;  // RFC 2131, 3.3

  Ipv4Address address;
  std::uint8_t prefix_bits = 0;
  Ipv4Address gateway;  // zero: none
  Routes routes;
  std::uint32_t seconds = 0;
  std::uint32_t renewal_s = 0;    // T1
  std::uint32_t rebinding_s = 0;  // T2
  std::optional<std::uint16_t> mtu;
  std::optional<Ipv4Address> server;
  HostName host_name;  // of this machine
};

// Reads the lease in an offer or an acknowledgement. Absent if it can't be used; that, and every
// part left out as unusable, is reported on the console.
[[nodiscard]] std::optional<Lease> read_lease(const DhcpMessage& message, Complaints& complaints);

// Why a gateway is useless to a host, as words that complete "is ..."; empty if it is usable. A
// host alone in its network (/32) has its gateway elsewhere on the link, as in some clouds.
[[nodiscard]] std::string_view fault_of_gateway(Ipv4Address gateway, Ipv4Address own,
                                                unsigned prefix_bits, const Routes& routes);

}  // namespace mote::netstack
