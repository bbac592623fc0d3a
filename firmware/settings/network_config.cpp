// NoCloud's network-config, versions 1 and 2 (cloud-init's documentation, "Networking config").
#include "firmware/settings/cloud_init.hpp"
#include "firmware/settings/interface_draft.hpp"
#include "firmware/settings/settings_file.hpp"

namespace mote::cloud_init {
namespace {

using namespace std::string_view_literals;

using formats::Node;

// An entry of a v1 list, by its type.
bool is_type(const Node& entry, std::string_view type) {
  const Node* const found = entry.find("type"sv);
  return found != nullptr && found->text == type;
}

// Which of the first 32 entries of type `route` a NIC was found for.
class TakenRoutes {
 public:
  [[nodiscard]] bool has(std::uint32_t number) const {
    return number < 32 && (bits_ >> number & 1) != 0;
  }
  void add(std::uint32_t number) { bits_ |= number < 32 ? 1U << number : 0; }

 private:
  std::uint32_t bits_ = 0;
};

class VersionOne {
 public:
  VersionOne(SettingsFile& file, const Node& config) : file_(file), config_(config) {}

  void read() {
    std::uint32_t place = 0;
    for (const Node& entry : config_) {
      if (is_type(entry, "physical"sv)) {
        read_physical(entry, place++);
      } else if (!is_type(entry, "nameserver"sv) && !is_type(entry, "route"sv) &&
                 !is_type(entry, "loopback"sv)) {
        file_.complain(entry.line, "an entry of type \"%\" can't be used"sv,
                       file_.text(entry, "type"sv));
      }
    }
    for_each_route([this](std::uint32_t number, const RouteText& route) {
      if (!taken_.has(number)) {
        file_.complain(route.line, "no NIC has a static address beside %: route not used"sv,
                       route.router);
      }
    });
  }

 private:
  void read_physical(const Node& entry, std::uint32_t place) {
    file_.complain_of_others(entry,
                             "type name mac_address mtu subnets accept-ra keep_configuration"sv);
    InterfaceDraft draft(file_);
    draft.read_mtu(entry);
    if (const Node* const subnets = file_.list(entry, "subnets"sv)) {
      for (const Node& subnet : *subnets) {
        read_subnet(draft, subnet);
      }
    }
    // Routes of no NIC in particular go to the one that has their gateway on its subnet.
    for_each_route([&](std::uint32_t number, const RouteText& route) {
      const auto router = parse_ipv4(route.router);
      if (!taken_.has(number) && router && draft.is_near(*router)) {
        taken_.add(number);
        draft.add(route);
      }
    });
    if (const auto choice = choose(file_, entry.line, file_.text(entry, "mac_address"sv),
                                   file_.text(entry, "name"sv), place)) {
      draft.apply(*choice);
    }
  }

  void read_subnet(InterfaceDraft& draft, const Node& subnet) {
    const std::string_view type = file_.text(subnet, "type"sv);
    SubnetText text{.line = subnet.line,
                    .address = file_.text(subnet, "address"sv),
                    .netmask = file_.text(subnet, "netmask"sv),
                    .gateway = file_.text(subnet, "gateway"sv)};
    draft.add_routes(file_.list(subnet, "routes"sv), text);
    if (type == "dhcp"sv || type == "dhcp4"sv) {
      draft.use_dhcp(subnet.line);
    } else if (type == "static"sv || type == "static4"sv) {
      draft.use(text);
    } else if (type == "static6"sv || type == "dhcp6"sv || type.starts_with("ipv6_"sv)) {
      file_.pass_over_ipv6(subnet.line);
    } else if (type != "manual"sv) {
      file_.complain(subnet.line, "a subnet of type \"%\" can't be used"sv, type);
    }
  }

  void for_each_route(auto&& use) {
    std::uint32_t number = 0;
    for (const Node& entry : config_) {
      if (is_type(entry, "route"sv)) {
        use(number++, RouteText::of(file_, entry));
      }
    }
  }

  SettingsFile& file_;
  const Node& config_;
  TakenRoutes taken_;
};

// The `ethernets` of version 2.
class VersionTwo {
 public:
  explicit VersionTwo(SettingsFile& file) : file_(file) {}

  void read(const Node& root) {
    file_.complain_of_others(root, "version renderer ethernets"sv);
    const Node* const ethernets = root.find("ethernets"sv);
    if (ethernets == nullptr || ethernets->kind == formats::Kind::kNull) {
      return;
    }
    if (!ethernets->is_map()) {
      file_.complain(ethernets->line, "ethernets must be a map, ignored"sv);
    }
    std::uint32_t place = 0;
    for (const Node& ethernet : *ethernets) {
      if (ethernets->is_map() && ethernet.key != "renderer"sv) {
        read_ethernet(ethernet, place++);
      }
    }
  }

 private:
  void read_ethernet(const Node& ethernet, std::uint32_t place) {
    if (!ethernet.is_map()) {
      file_.complain(ethernet.line, "% must be a map, ignored"sv, ethernet.key);
      return;
    }
    file_.complain_of_others(
        ethernet,
        "match addresses gateway4 gateway6 routes dhcp4 dhcp6 mtu set-name optional renderer "sv
        "nameservers dhcp6-overrides dhcp-identifier accept-ra link-local critical"sv);
    InterfaceDraft draft(file_);
    draft.read_mtu(ethernet);
    read_addresses(draft, ethernet);
    const Node* const match = ethernet.find("match"sv);
    std::string_view mac;
    std::string_view name = ethernet.key;
    std::uint32_t line = ethernet.line;
    if (match != nullptr && match->is_map()) {
      file_.complain_of_others(*match, "macaddress name driver"sv);
      mac = file_.text(*match, "macaddress"sv);
      name = file_.text(*match, "name"sv);
      const Node* const written = match->find("macaddress"sv);
      line = written != nullptr ? written->line : line;
    }
    if (const auto choice = choose(file_, line, mac, name, place)) {
      draft.apply(*choice);
    }
  }

  void read_addresses(InterfaceDraft& draft, const Node& ethernet) {
    SubnetText text{.line = ethernet.line, .gateway = file_.text(ethernet, "gateway4"sv)};
    draft.add_routes(file_.list(ethernet, "routes"sv), text);
    if (is_true(file_.text(ethernet, "dhcp6"sv)) || !file_.text(ethernet, "gateway6"sv).empty()) {
      file_.pass_over_ipv6(ethernet.line);
    }
    const bool wants_dhcp = is_true(file_.text(ethernet, "dhcp4"sv));
    if (wants_dhcp) {
      draft.use_dhcp(ethernet.find("dhcp4"sv)->line);
    }
    bool has_address = false;
    if (const Node* const addresses = file_.list(ethernet, "addresses"sv)) {
      for (const Node& address : *addresses) {
        has_address = read_address(draft, address, text) || has_address;
      }
    }
    if (has_address || text.gateway.empty()) {
      return;
    }
    // A default route beside DHCP wins over that of the lease.
    if (wants_dhcp) {
      draft.add({.line = ethernet.line,
                 .network = "default"sv,
                 .router = text.gateway,
                 .is_on_link = text.is_gateway_on_link});
    } else {
      file_.complain(ethernet.line, "gateway % has no address beside it, not used"sv, text.gateway);
    }
  }

  // Whether this is an IPv4 address. netplan also writes them as a map of the address to options.
  bool read_address(InterfaceDraft& draft, const Node& address, SubnetText text) {
    text.line = address.line;
    text.address = address.is_map() && address.first != nullptr ? address.first->key : address.text;
    if (!is_ipv6(text.address) && text.address.find('/') == std::string_view::npos) {
      file_.complain(address.line, "% has no prefix like /24, not used"sv, text.address);
      return false;
    }
    draft.use(text);
    return !is_ipv6(text.address);
  }

  SettingsFile& file_;
};

}  // namespace

void apply_network_config(Settings& settings, std::string_view name, const Node& root) {
  SettingsFile file(settings, name);
  const Node* const wrapped = root.find("network"sv);
  const Node& network = wrapped != nullptr && wrapped->is_map() ? *wrapped : root;
  const std::string_view version = file.text(network, "version"sv);
  const Node* const config = network.find("config"sv);
  if (config != nullptr && config->is_list() && (version.empty() || version == "1"sv)) {
    VersionOne(file, *config).read();
  } else if (network.find("ethernets"sv) != nullptr && (version.empty() || version == "2"sv)) {
    VersionTwo(file).read(network);
  } else if (version == "2"sv) {
    VersionTwo(file).read(network);
  } else {
    file.complain(network.line, "neither network config 1 with a list `config` nor 2, ignored"sv);
  }
}

}  // namespace mote::cloud_init
