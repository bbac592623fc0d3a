// The console's lines that say at which URLs the site is served.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "kernel/console/console.hpp"
#include "netstack/limits.hpp"
#include "netstack/wire/address_text.hpp"

namespace mote {

class Urls {
 public:
  // Tells the URL at an interface's address, unless that is zero or was told before: a lease that
  // is renewed, or one that comes back, is no news.
  void tell(unsigned index, netstack::Ipv4Address address, std::uint16_t port) {
    if (address.value == 0 || std::ranges::find(told_, address.value) != told_.end()) {
      return;
    }
    told_[index] = address.value;
    const console::Fact fact;
    console::print("http://", address);
    if (port != 80) {
      console::print(':', port);
    }
    console::line('/');
  }

 private:
  std::array<std::uint32_t, limits::kInterfaces> told_{};  // by interface
};

}  // namespace mote
