// An interface's static address, and its routes from settings and from DHCP.
#include <bit>
#include <span>
#include <utility>

#include "kernel/console/console.hpp"
#include "netstack/dhcp/lease.hpp"
#include "netstack/interface/attachment.hpp"
#include "netstack/limits.hpp"
#include "netstack/wire/address_text.hpp"
#include "netstack/wire/host_address.hpp"

namespace mote::netstack {
namespace {

ip4_addr_t to_lwip(Ipv4Address address) { return {std::byteswap(address.value)}; }

}  // namespace

// If the gateway can't be right, the address is used without one.
void Attachment::use_static_address(const StaticAddress& address) {
  use_routes(address.address, address.prefix_bits, {});
  Ipv4Address good = address.gateway;
  if (good.value != 0) {
    const auto fault = fault_of_gateway(good, address.address, address.prefix_bits, routes_);
    if (!fault.empty()) {
      print_name();
      console::line("gateway ", good, " is ", fault, ": not used");
      good = {};
    }
  }
  const ip4_addr_t own = to_lwip(address.address);
  const ip4_addr_t mask = to_lwip(mask_of(address.prefix_bits));
  const ip4_addr_t gateway = to_lwip(good);
  netif_set_addr(&netif_, &own, &mask, &gateway);
}

// Uses the routes of the settings, as far as their routers are on the link, and then leased ones.
// Without an address there are none.
void Attachment::use_routes(Ipv4Address own, unsigned prefix_bits, const Routes& leased) {
  const auto wanted = own.value == 0 ? std::span<const Route>{} : set_routes_.all();
  Routes routes;
  for (const Route& route : wanted) {
    if (route.is_on_link()) {
      static_cast<void>(routes.add(route));  // as many routes have room as settings have
    }
  }
  for (const Route& route : wanted) {
    if (!route.is_on_link() && fault_of_gateway(route.router, own, prefix_bits, routes).empty()) {
      static_cast<void>(routes.add(route));
    }
  }
  bool has_room = true;
  for (const Route& route : leased.all()) {
    has_room &= routes.add(route);
  }
  const bool is_new = routes != routes_;
  const bool is_judged = std::exchange(judged_for_, own) == own;
  if (!is_new && is_judged) {
    return;
  }
  routes_ = routes;
  routes_are_news_ |= is_new;
  for (const Route& route : wanted) {
    if (!route.is_on_link()) {
      complain_of_route(route, fault_of_gateway(route.router, own, prefix_bits, routes));
    }
  }
  if (!has_room) {
    print_name();
    console::line("more than ", limits::kRoutes, " routes, not all that are leased are used");
  }
}

}  // namespace mote::netstack
