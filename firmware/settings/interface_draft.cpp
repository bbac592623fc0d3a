// Checks a settings disk's addresses and routes for one NIC, and chooses among them.
#include "firmware/settings/interface_draft.hpp"

#include <utility>

#include "netstack/wire/host_address.hpp"

namespace mote::cloud_init {
namespace {

using namespace std::string_view_literals;

// An address with its prefix or with a netmask of its own, else with as many bits as are assumed.
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
          .network = first_of({"to"sv, "network"sv, "destination"sv}),
          .netmask = first_of({"netmask"sv, "prefix"sv}),
          .router = first_of({"via"sv, "gateway"sv}),
          .is_on_link = is_true(file.text(map, "on-link"sv))};
}

bool RouteText::is_default() const {
  return network == "default"sv || network == "0.0.0.0/0"sv ||
         (network == "0.0.0.0"sv &&
          (netmask.empty() || netmask == "0.0.0.0"sv || netmask == "0"sv));
}

bool InterfaceDraft::prefer(Rank rank, std::uint32_t line, std::string_view text) {
  const bool is_better = rank > rank_;
  if (is_better) {
    std::swap(line, line_);
    std::swap(text, text_);
    std::swap(rank, rank_);
  }
  if (rank != Rank::kNone) {
    file_.complain(line, "one IPv4 address a NIC: % is not used"sv, text);
  }
  return is_better;
}

void InterfaceDraft::use_dhcp(std::uint32_t line) {
  if (rank_ != Rank::kDhcp && prefer(Rank::kDhcp, line, "DHCP"sv)) {
    fields_.address = InterfaceFields::Address{};
    fields_.gateway = 0;
  }
}

void InterfaceDraft::use(const SubnetText& subnet) {
  if (is_ipv6(subnet.address)) {
    file_.pass_over_ipv6(subnet.line);
    return;
  }
  const auto prefix = read_prefix(subnet.address, subnet.netmask, 24);  // as cloud-init assumes
  if (!prefix || !is_host_on(*prefix)) {
    file_.complain(subnet.line, "% can't be a host's address, not used"sv, subnet.address);
    return;
  }
  std::optional<std::uint32_t> gateway;
  if (is_ipv6(subnet.gateway)) {
    file_.pass_over_ipv6(subnet.line);
  } else if (!subnet.gateway.empty() && subnet.gateway != "0.0.0.0"sv) {
    gateway = parse_ipv4(subnet.gateway);
    if (!gateway || !is_host(*gateway)) {
      file_.complain(subnet.line, "% can't be a gateway's address, not used"sv, subnet.gateway);
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
    file_.complain(route.line, "a route to % can't be used"sv, route.network);
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
    file_.complain(line, "a route to % can't be used"sv, text);
  } else if (!routes_.add(*route)) {
    file_.complain(line, "too many routes: that to % is not used"sv, text);
  }
}

void InterfaceDraft::add_routes(const formats::Node* list, SubnetText& subnet) {
  if (list == nullptr) {
    return;
  }
  for (const formats::Node& entry : *list) {
    const RouteText route = RouteText::of(file_, entry);
    if (entry.find("table"sv) != nullptr || entry.find("type"sv) != nullptr) {
      file_.complain(route.line, "a special route to % can't be used"sv, route.network);
    } else if (!route.is_default() || is_ipv6(route.router)) {
      add(route);
    } else if (subnet.gateway.empty()) {
      subnet.gateway = route.router;
      subnet.is_gateway_on_link = route.is_on_link;
    } else if (subnet.gateway != route.router) {
      file_.complain(route.line, "one gateway a NIC: % is not used"sv, route.router);
    }
  }
}

void InterfaceDraft::set_mtu(std::uint32_t line, std::string_view text) {
  if (!parse_field(fields_, "mtu"sv, text)) {
    file_.complain(line, "an MTU of % can't be used"sv, text);
  }
}

void InterfaceDraft::read_mtu(const formats::Node& map) {
  if (const std::string_view text = file_.text(map, "mtu"sv); !text.empty()) {
    set_mtu(map.find("mtu"sv)->line, text);
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
      file.complain(line, "% is not a MAC address: this NIC's settings are not used"sv, mac);
      return std::nullopt;
    }
    return InterfaceChoice{.mac = parsed};
  }
  constexpr std::string_view kKernelName = "eth"sv;
  if (name.starts_with(kKernelName)) {
    place = parse_number(name.substr(kKernelName.size()), 0, 99).value_or(place);
  }
  if (place >= limits::kInterfaces) {
    file.complain(line, "%: there is no room for so many NICs, not used"sv, name);
    return std::nullopt;
  }
  return InterfaceChoice{.index = place};
}

}  // namespace mote::cloud_init
