// What a settings disk says of one NIC: checks addresses and routes, and chooses among them.
#include "firmware/settings/interface_draft.hpp"

#include <utility>

#include "netstack/wire/host_address.hpp"

namespace mote::cloud_init {
namespace {

// An address with its prefix, or with a netmask of its own, or with 24 bits, which is what
// cloud-init assumes. `bits` for "/24" in the text.
std::optional<Ipv4Prefix> read_prefix(std::string_view address, std::string_view netmask,
                                      std::uint8_t assumed) {
  if (address.find('/') != std::string_view::npos) {
    const auto bare = parse_ipv4(take_until(address, '/'));
    const auto bits = parse_netmask(address);
    return bare && bits ? std::optional(Ipv4Prefix{*bare, *bits}) : std::nullopt;
  }
  const auto bare = parse_ipv4(address);
  const auto bits = netmask.empty() ? std::optional(assumed) : parse_netmask(netmask);
  return bare && bits ? std::optional(Ipv4Prefix{*bare, *bits}) : std::nullopt;
}

bool is_host_on(Ipv4Prefix prefix) {
  return prefix.length != 0 && netstack::fault_on_subnet({prefix.address}, prefix.length).empty();
}

}  // namespace

RouteText RouteText::of(SettingsFile& file, const formats::Node& map) {
  const auto first_of = [&](std::initializer_list<std::string_view> keys) {
    std::string_view text;
    for (const std::string_view key : keys) {
      text = text.empty() ? file.text(map, key) : text;
    }
    return text;
  };
  return {.line = map.line,
          .network = first_of({"to", "network", "destination"}),
          .netmask = first_of({"netmask", "prefix"}),
          .router = first_of({"via", "gateway"}),
          .is_on_link = file.text(map, "on-link") == "true"};
}

bool RouteText::is_default() const {
  return network == "default" || network == "0.0.0.0/0" ||
         (network == "0.0.0.0" && (netmask.empty() || netmask == "0.0.0.0" || netmask == "0"));
}

bool InterfaceDraft::prefer(Rank rank, std::uint32_t line, std::string_view text) {
  const bool is_better = rank > rank_;
  if (is_better) {
    std::swap(line, line_);
    std::swap(text, text_);
    std::swap(rank, rank_);
  }
  if (rank != Rank::kNone) {
    file_.complain(line, "one IPv4 address a NIC: ", text, " is not used");
  }
  return is_better;
}

void InterfaceDraft::use_dhcp(std::uint32_t line) {
  if (rank_ != Rank::kDhcp && prefer(Rank::kDhcp, line, "DHCP")) {
    fields_.address = InterfaceFields::Address{};
    fields_.gateway = 0;
  }
}

void InterfaceDraft::use(const SubnetText& subnet) {
  if (is_ipv6(subnet.address)) {
    file_.pass_over_ipv6(subnet.line);
    return;
  }
  const auto prefix = read_prefix(subnet.address, subnet.netmask, 24);
  if (!prefix || !is_host_on(*prefix)) {
    file_.complain(subnet.line, "", subnet.address, " is no address for a host, not used");
    return;
  }
  std::optional<std::uint32_t> gateway;
  if (is_ipv6(subnet.gateway)) {
    file_.pass_over_ipv6(subnet.line);
  } else if (!subnet.gateway.empty() && subnet.gateway != "0.0.0.0") {
    gateway = parse_ipv4(subnet.gateway);
    if (!gateway || !netstack::fault_of_host({*gateway}).empty()) {
      file_.complain(subnet.line, "", subnet.gateway, " is no address for a gateway, not used");
      gateway.reset();
    }
  }
  const bool is_within = prefix->length == 32 || subnet.is_gateway_on_link;
  const bool has_way_out =
      gateway &&
      (is_within || netstack::same_network({*gateway}, {prefix->address}, prefix->length));
  if (!prefer(has_way_out ? Rank::kAddressAndGateway : Rank::kAddress, subnet.line,
              subnet.address)) {
    return;
  }
  fields_.address = InterfaceFields::Address{.dhcp = false, .fixed = *prefix};
  fields_.gateway = gateway.value_or(0);
  if (gateway && subnet.is_gateway_on_link) {
    keep(checked_route({*gateway, 32}, 0), subnet.line, subnet.gateway);
  }
}

void InterfaceDraft::add(const RouteText& route) {
  if (is_ipv6(route.network) || is_ipv6(route.router)) {
    file_.pass_over_ipv6(route.line);
    return;
  }
  const auto network = route.is_default() ? std::optional(Ipv4Prefix{0, 0})
                                          : read_prefix(route.network, route.netmask, 32);
  const auto router = route.router.empty() ? std::optional(0U) : parse_ipv4(route.router);
  if (!network || !router || (!route.router.empty() && *router == 0)) {
    file_.complain(route.line, "a route to ", route.network, " can't be used");
    return;
  }
  if (route.is_on_link && *router != 0) {
    keep(checked_route({*router, 32}, 0), route.line, route.router);
  }
  keep(checked_route(*network, *router), route.line, route.network);
}

void InterfaceDraft::keep(const std::optional<netstack::Route>& route, std::uint32_t line,
                          std::string_view text) {
  if (!route) {
    file_.complain(line, "a route to ", text, " can't be used");
  } else if (!routes_.add(*route)) {
    file_.complain(line, "too many routes: that to ", text, " is not used");
  }
}

void InterfaceDraft::add_routes(const formats::Node* list, SubnetText& subnet) {
  if (list == nullptr) {
    return;
  }
  for (const formats::Node& entry : *list) {
    const RouteText route = RouteText::of(file_, entry);
    if (entry.find("table") != nullptr || entry.find("type") != nullptr) {
      file_.complain(route.line, "a special route to ", route.network, " can't be used");
    } else if (!route.is_default() || is_ipv6(route.router)) {
      add(route);
    } else if (subnet.gateway.empty()) {
      subnet.gateway = route.router;
      subnet.is_gateway_on_link = route.is_on_link;
    } else if (subnet.gateway != route.router) {
      file_.complain(route.line, "one gateway a NIC: ", route.router, " is not used");
    }
  }
}

void InterfaceDraft::set_mtu(std::uint32_t line, std::string_view text) {
  if (!parse_field(fields_, "mtu", text)) {
    file_.complain(line, "an MTU of ", text, " can't be used");
  }
}

void InterfaceDraft::read_mtu(const formats::Node& map) {
  if (const std::string_view text = file_.text(map, "mtu"); !text.empty()) {
    set_mtu(map.find("mtu")->line, text);
  }
}

bool InterfaceDraft::is_near(std::uint32_t address) const {
  if (!fields_.address || fields_.address->dhcp) {
    return false;
  }
  const Ipv4Prefix& own = fields_.address->fixed;
  return netstack::same_network({address}, {own.address}, own.length);
}

void InterfaceDraft::apply(const InterfaceChoice& choice) {
  // An address comes with its routes, perhaps none: those of an earlier source belong to another.
  if (fields_.address || !routes_.empty()) {
    fields_.routes = routes_;
  }
  if (fields_.routes || fields_.mtu) {
    file_.settings().apply(file_.at(line_), choice, fields_);
  }
}

std::optional<InterfaceChoice> choose(SettingsFile& file, std::uint32_t line, std::string_view mac,
                                      std::string_view name, std::uint32_t place) {
  if (!mac.empty()) {
    const auto parsed = parse_mac(mac);
    if (!parsed) {
      file.complain(line, "", mac, " is no MAC address: this NIC's settings are not used");
      return std::nullopt;
    }
    return InterfaceChoice{.mac = *parsed};
  }
  constexpr std::string_view kKernelName = "eth";
  if (name.starts_with(kKernelName)) {
    place = parse_number(name.substr(kKernelName.size()), 0, 99).value_or(place);
  }
  if (place >= limits::kInterfaces) {
    file.complain(line, "", name, ": there is no room for so many NICs, not used");
    return std::nullopt;
  }
  return InterfaceChoice{.index = place};
}

}  // namespace mote::cloud_init
