// Judges a lease from a DHCP server.
#include "netstack/dhcp/lease.hpp"

#include <bit>

#include "netstack/limits.hpp"
#include "netstack/wire/address_text.hpp"
#include "netstack/wire/host_address.hpp"

namespace mote::netstack {
namespace {

using namespace std::string_view_literals;
using Code = DhcpMessage::Code;

// The value of an option that may be long. One at a time: there is a single loop.
constinit DhcpOption option{};

// The mask by the address's class, if no mask is given (RFC 950, I).
std::uint8_t class_bits(Ipv4Address address) {
  if (address.value >> 31 == 0) {
    return 8;
  }
  return address.value >> 30 == 2 ? 16 : 24;
}

// Reads one message.
class Reader {
 public:
  Reader(const DhcpMessage& message, Complaints& complaints)
      : message_(message), complaints_(complaints) {
    lease_.server = message.address(Code::kServerIdentifier);
    server_ = lease_.server.value_or(Ipv4Address{});
  }

  [[nodiscard]] std::optional<Lease> read() {
    if (!read_address() || !read_times()) {
      return std::nullopt;
    }
    if (!read_classless_routes()) {
      read_routers();
    }
    lease_.mtu = message_.number(Code::kInterfaceMtu);
    read_host_name();
    return lease_;
  }

 private:
  bool read_address() {
    lease_.address = message_.address();
    lease_.prefix_bits = class_bits(lease_.address);
    if (const auto mask = message_.address(Code::kSubnetMask)) {
      if (mask->value == 0 || !is_mask(*mask)) {
        complaints_.say("mask"sv, {}, "mask ", *mask, " from DHCP server ", server_,
                        " can't be: refused");
        return false;
      }
      lease_.prefix_bits = static_cast<std::uint8_t>(std::popcount(mask->value));
    }
    const std::string_view fault = fault_on_subnet(lease_.address, lease_.prefix_bits);
    if (fault.empty()) {
      return true;
    }
    complaints_.say("address"sv, fault, lease_.address, '/', lease_.prefix_bits,
                    " from DHCP server ", server_, " is ", fault, ": refused");
    return false;
  }

  // RFC 2131, 4.4.5: T1 before T2 before the lease's end, else 1/2 and 7/8 of the lease.
  bool read_times() {
    const std::uint32_t seconds = message_.seconds(Code::kLeaseTime).value_or(0);
    if (seconds == 0) {
      complaints_.say("lease"sv, {}, lease_.address, " from DHCP server ", server_,
                      " comes with no lease time: refused");
      return false;
    }
    const bool endless = seconds == Lease::kForever;
    const std::uint32_t usual_t1 = endless ? seconds : seconds / 2;
    const std::uint32_t usual_t2 =
        endless ? seconds : static_cast<std::uint32_t>(std::uint64_t{seconds} * 7 / 8);
    const auto told_t1 = message_.seconds(Code::kRenewalTime);
    const auto told_t2 = message_.seconds(Code::kRebindingTime);
    const std::uint32_t t1 = told_t1.value_or(usual_t1);
    const std::uint32_t t2 = told_t2.value_or(usual_t2);
    const bool ordered = endless ? t1 != 0 && t1 <= t2 : t1 != 0 && t1 < t2 && t2 < seconds;
    lease_.seconds = seconds;
    lease_.renewal_s = ordered ? t1 : usual_t1;
    lease_.rebinding_s = ordered ? t2 : usual_t2;
    if (!ordered && (told_t1 || told_t2)) {
      complaints_.say("times"sv, {}, "DHCP server ", server_, " tells T1 ", t1, " s and T2 ", t2,
                      " s of ", seconds, " s: ", usual_t1, " s and ", usual_t2, " s are used");
    }
    return true;
  }

  // False if there are none to use; the option for routers counts only then (RFC 3442).
  bool read_classless_routes() {
    message_.gather(Code::kClasslessRoute, option);
    if (!option.given) {
      message_.gather(Code::kMicrosoftRoute, option);
    }
    if (!option.given) {
      return false;
    }
    bool has_room = true;
    const auto add = [&](const Route& route) { has_room &= lease_.routes.add(route); };
    // On-link routes first, because routers may be on those.
    const bool whole = !option.value().empty() && read_routes(option.value(), [&](Route route) {
      if (route.is_on_link()) {
        add(route);
      }
    });
    if (!whole) {
      complaints_.say("routes"sv, "broken"sv, "classless routes from DHCP server ", server_,
                      " are broken: not used");
      lease_.routes = {};
      return false;
    }
    read_routes(option.value(), [&](Route route) {
      if (route.is_on_link() || !is_good_router(route.router, "route"sv)) {
        return;
      }
      if (!route.is_default()) {
        add(route);
      } else if (lease_.gateway.value == 0) {
        lease_.gateway = route.router;
      }
    });
    if (!has_room) {
      complaints_.say("routes"sv, "many"sv, "more than ", limits::kRoutes,
                      " routes from DHCP server ", server_, ": the first are used");
    }
    return true;
  }

  // Takes the first usable router: they come in order of preference (RFC 2132, 3.5).
  void read_routers() {
    message_.gather(Code::kRouter, option);
    for (auto rest = option.value(); rest.size() >= sizeof(Be32);
         rest = rest.subspan(sizeof(Be32))) {
      const Ipv4Address router{*reinterpret_cast<const Be32*>(rest.data())};
      if (!is_good_router(router, "gateway"sv)) {
        continue;
      }
      lease_.gateway = router;
      return;
    }
  }

  // Of a name that is too long, as with some clouds' domains, the first label is used.
  void read_host_name() {
    message_.gather(Code::kHostName, option);
    std::string_view name(reinterpret_cast<const char*>(option.bytes.data()), option.size);
    name = name.substr(0, name.find_last_not_of('\0') + 1);  // RFC 2132, 2: some end with zeros
    if (name.size() > HostName::kMostBytes) {
      name = name.substr(0, name.find('.'));
    }
    if (HostName::is_good(name)) {
      lease_.host_name.keep(name);
    } else if (!name.empty()) {
      complaints_.say("name"sv, {}, "the host name from DHCP server ", server_,
                      " can't be: not used");
    }
  }

  bool is_good_router(Ipv4Address router, std::string_view what) {
    const std::string_view fault =
        fault_of_gateway(router, lease_.address, lease_.prefix_bits, lease_.routes);
    if (fault.empty()) {
      return true;
    }
    complaints_.say(what, fault, "gateway ", router, " from DHCP server ", server_, " is ", fault,
                    ": not used");
    return false;
  }

  const DhcpMessage& message_;
  Complaints& complaints_;
  Lease lease_;
  Ipv4Address server_;
};

}  // namespace

std::optional<Lease> read_lease(const DhcpMessage& message, Complaints& complaints) {
  return Reader(message, complaints).read();
}

std::string_view fault_of_gateway(Ipv4Address gateway, Ipv4Address own, unsigned prefix_bits,
                                  const Routes& routes) {
  if (gateway == own) {
    return "our own address";
  }
  if (same_network(gateway, own, prefix_bits)) {
    return fault_on_subnet(gateway, prefix_bits);
  }
  if (const std::string_view fault = fault_of_host(gateway); !fault.empty()) {
    return fault;
  }
  const Route* const route = routes.find(gateway);
  const bool on_link = prefix_bits == 32 || (route != nullptr && route->is_on_link());
  return on_link ? std::string_view{} : "neither on our subnet nor on a route to our link";
}

}  // namespace mote::netstack
