// An interface's routes beside its subnet and its gateway, as option 121 tells them (RFC 3442).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernel/limits.hpp"
#include "netstack/host_address.hpp"
#include "netstack/wire.hpp"

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

// Sorted: the longest prefix is the first that leads to a destination (RFC 1812, 5.2.4.3).
class Routes {
 public:
  // False when there is no room. Of two routes to one network the first stays.
  constexpr bool add(const Route& route) {
    const auto longer = [&](const Route& other) { return other.prefix_bits >= route.prefix_bits; };
    const auto end = routes_.begin() + static_cast<std::ptrdiff_t>(count_);
    const auto at = std::find_if_not(routes_.begin(), end, longer);
    const auto same = [&](const Route& other) {
      return other.prefix_bits == route.prefix_bits && other.network == route.network;
    };
    if (std::any_of(routes_.begin(), at, same)) return true;
    if (count_ == routes_.size()) return false;
    std::move_backward(at, end, end + 1);
    *at = route;
    ++count_;
    return true;
  }

  [[nodiscard]] constexpr const Route* find(Ipv4Address destination) const {
    for (const Route& route : all()) {
      if (route.leads_to(destination)) return &route;
    }
    return nullptr;
  }

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
