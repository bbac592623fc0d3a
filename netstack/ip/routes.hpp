// An interface's routes besides its subnet and gateway, from settings and from DHCP
// (option 121, RFC 3442).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "netstack/limits.hpp"
#include "netstack/wire/headers.hpp"
#include "netstack/wire/host_address.hpp"

namespace mote::netstack {

struct Route {
  Ipv4Address network;
  std::uint8_t prefix_bits = 0;  // 0 to 32
  Ipv4Address router;            // zero: the network's hosts are on the link

  [[nodiscard]] constexpr bool leads_to(Ipv4Address destination) const {
    return same_network(network, destination, prefix_bits);
  }
  [[nodiscard]] constexpr bool is_default() const { return prefix_bits == 0; }
  [[nodiscard]] constexpr bool is_on_link() const { return router.value == 0; }
  friend constexpr bool operator==(const Route&, const Route&) = default;
};

// Sorted by prefix length, longest first: the first match is the route (RFC 1812, 5.2.4.3).
class Routes {
 public:
  // False if there is no room. Of two routes to one network the first stays.
  bool add(const Route& route);

  // Null: no route leads there.
  [[nodiscard]] const Route* find(Ipv4Address destination) const;

  [[nodiscard]] constexpr bool empty() const { return count_ == 0; }
  [[nodiscard]] constexpr std::span<const Route> all() const {
    return std::span(routes_).first(count_);
  }
  friend constexpr bool operator==(const Routes& a, const Routes& b) {
    return std::ranges::equal(a.all(), b.all());
  }

 private:
  std::array<Route, limits::kRoutes> routes_{};
  std::size_t count_ = 0;
};

}  // namespace mote::netstack
