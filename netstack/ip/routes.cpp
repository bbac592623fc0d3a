// An interface's routes, kept in search order.
#include "netstack/ip/routes.hpp"

namespace mote::netstack {

bool Routes::add(const Route& route) {
  std::size_t place = 0;
  for (; place < count_ && routes_[place].prefix_bits >= route.prefix_bits; ++place) {
    const Route& other = routes_[place];
    if (other.prefix_bits == route.prefix_bits && other.network == route.network) {
      return true;
    }
  }
  if (count_ == routes_.size()) {
    return false;
  }
  for (std::size_t i = count_; i > place; --i) {
    routes_[i] = routes_[i - 1];
  }
  routes_[place] = route;
  ++count_;
  return true;
}

const Route* Routes::find(Ipv4Address destination) const {
  for (const Route& route : all()) {
    if (route.leads_to(destination)) {
      return &route;
    }
  }
  return nullptr;
}

}  // namespace mote::netstack
