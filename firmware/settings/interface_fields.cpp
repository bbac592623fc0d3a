// Reads and checks what is set for NICs.
#include "firmware/settings/interface_fields.hpp"

#include "drivers/limits.hpp"
#include "netstack/wire/host_address.hpp"

namespace mote {
namespace {

using namespace std::string_view_literals;

std::optional<InterfaceFields::Address> parse_address(std::string_view value) {
  if (value == "dhcp"sv) {
    return InterfaceFields::Address{};
  }
  const auto prefix = parse_ipv4_prefix(value);
  if (!prefix || !is_host_on(*prefix)) {
    return std::nullopt;
  }
  return InterfaceFields::Address{.dhcp = false, .fixed = *prefix};
}

// Zero for an empty value: none.
std::optional<std::uint32_t> parse_gateway(std::string_view value) {
  if (value.empty()) {
    return 0;
  }
  const auto gateway = parse_ipv4(value);
  return gateway && is_host(*gateway) ? gateway : std::nullopt;
}

std::optional<std::uint16_t> parse_mtu(std::string_view value) {
  // RFC 791, 3.2: every host must be able to take 576 bytes.
  const auto mtu = parse_number(value, 576, limits::kMtu);
  return mtu ? std::optional(static_cast<std::uint16_t>(*mtu)) : std::nullopt;
}

std::optional<bool> parse_switch(std::string_view value) {
  return value == "on"sv || value == "off"sv ? std::optional(value == "on"sv) : std::nullopt;
}

// Routes with commas between them; all must be usable, and there must be room for them.
std::optional<netstack::Routes> parse_routes(std::string_view value) {
  netstack::Routes routes;
  while (!value.empty()) {
    const auto route = parse_route(trim(take_until(value, ',')));
    if (!route || !routes.add(*route)) {
      return std::nullopt;
    }
  }
  return routes;
}

}  // namespace

bool is_host(std::uint32_t address) { return netstack::fault_of_host({address}).empty(); }

bool is_host_on(Ipv4Prefix subnet) {
  return subnet.length != 0 && netstack::fault_on_subnet({subnet.address}, subnet.length).empty();
}

std::optional<InterfaceChoice> parse_choice(std::string_view text) {
  if (const auto mac = parse_mac(text)) {
    return InterfaceChoice{.mac = mac};
  }
  const auto index = parse_number(text, 0, limits::kInterfaces - 1);
  return index ? std::optional(InterfaceChoice{.index = *index}) : std::nullopt;
}

std::optional<netstack::Route> checked_route(Ipv4Prefix network, std::uint32_t router) {
  const netstack::Ipv4Address start{network.address & netstack::mask_of(network.length).value};
  const bool is_link_of_all = network.length == 0 && router == 0;
  const bool is_good_router = router == 0 || is_host(router);
  if (start.is_loopback() || start.is_multicast() || start.is_broadcast() || is_link_of_all ||
      !is_good_router) {
    return std::nullopt;
  }
  return netstack::Route{start, network.length, {router}};
}

std::optional<netstack::Route> parse_route(std::string_view text) {
  constexpr std::string_view kVia = "via "sv;
  const auto network = parse_ipv4_prefix(take_until(text, ' '));
  text = trim(text);
  std::optional<std::uint32_t> router = 0;
  if (!text.empty()) {
    router = text.starts_with(kVia) ? parse_ipv4(trim(text.substr(kVia.size()))) : std::nullopt;
  }
  const bool is_whole = network && router && (text.empty() || *router != 0);
  return is_whole ? checked_route(*network, *router) : std::nullopt;
}

bool parse_field(InterfaceFields& fields, std::string_view key, std::string_view value) {
  if (key == "address"sv) {
    fields.address = parse_address(value);
    return fields.address.has_value();
  }
  if (key == "gateway"sv) {
    fields.gateway = parse_gateway(value);
    return fields.gateway.has_value();
  }
  if (key == "mtu"sv) {
    fields.mtu = parse_mtu(value);
    return fields.mtu.has_value();
  }
  if (key == "offload"sv) {
    fields.offload = parse_switch(value);
    return fields.offload.has_value();
  }
  if (key == "routes"sv) {
    fields.routes = parse_routes(value);
    return fields.routes.has_value();
  }
  return false;
}

}  // namespace mote
