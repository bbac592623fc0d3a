// NoCloud's network-config, versions 1 and 2 (cloud-init's documentation, "Networking config").
#include "firmware/settings/cloud_init.hpp"
#include "firmware/settings/interface_draft.hpp"
#include "firmware/settings/settings_file.hpp"

namespace mote::cloud_init {
namespace {

using formats::Node;

bool is_true(std::string_view text) {
  return text == "true" || text == "yes" || text == "on" || text == "True" || text == "y";
}

// An entry of a v1 list, by its type.
bool is_type(const Node& entry, std::string_view type) {
  const Node* const found = entry.find("type");
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
      if (is_type(entry, "physical")) {
        read_physical(entry, place++);
      } else if (!is_type(entry, "nameserver") && !is_type(entry, "route") &&
                 !is_type(entry, "loopback")) {
        file_.complain(entry.line, "an entry of type \"", file_.text(entry, "type"),
                       "\" can't be used");
      }
    }
    for_each_route([this](std::uint32_t number, const RouteText& route) {
      if (!taken_.has(number)) {
        file_.complain(route.line, "no NIC has a static address beside ", route.router,
                       ": route not used");
      }
    });
  }

 private:
  void read_physical(const Node& entry, std::uint32_t place) {
    file_.complain_of_others(entry, {"type", "name", "mac_address", "mtu", "subnets", "accept-ra",
                                     "keep_configuration"});
    InterfaceDraft draft(file_);
    draft.read_mtu(entry);
    if (const Node* const subnets = file_.list(entry, "subnets")) {
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
    if (const auto choice = choose(file_, entry.line, file_.text(entry, "mac_address"),
                                   file_.text(entry, "name"), place)) {
      draft.apply(*choice);
    }
  }

  void read_subnet(InterfaceDraft& draft, const Node& subnet) {
    const std::string_view type = file_.text(subnet, "type");
    SubnetText text{.line = subnet.line,
                    .address = file_.text(subnet, "address"),
                    .netmask = file_.text(subnet, "netmask"),
                    .gateway = file_.text(subnet, "gateway")};
    draft.add_routes(file_.list(subnet, "routes"), text);
    if (type == "dhcp" || type == "dhcp4") {
      draft.use_dhcp(subnet.line);
    } else if (type == "static" || type == "static4") {
      draft.use(text);
    } else if (type == "static6" || type == "dhcp6" || type.starts_with("ipv6_")) {
      file_.pass_over_ipv6(subnet.line);
    } else if (type != "manual") {
      file_.complain(subnet.line, "a subnet of type \"", type, "\" can't be used");
    }
  }

  void for_each_route(auto&& use) {
    std::uint32_t number = 0;
    for (const Node& entry : config_) {
      if (is_type(entry, "route")) {
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
    file_.complain_of_others(root, {"version", "renderer", "ethernets"});
    const Node* const ethernets = root.find("ethernets");
    if (ethernets == nullptr || ethernets->kind == formats::Kind::kNull) {
      return;
    }
    if (!ethernets->is_map()) {
      file_.complain(ethernets->line, "ethernets must be a map, ignored");
    }
    std::uint32_t place = 0;
    for (const Node& ethernet : *ethernets) {
      if (ethernets->is_map() && ethernet.key != "renderer") {
        read_ethernet(ethernet, place++);
      }
    }
  }

 private:
  void read_ethernet(const Node& ethernet, std::uint32_t place) {
    if (!ethernet.is_map()) {
      file_.complain(ethernet.line, "", ethernet.key, " must be a map, ignored");
      return;
    }
    file_.complain_of_others(
        ethernet, {"match", "addresses", "gateway4", "gateway6", "routes", "dhcp4", "dhcp6", "mtu",
                   "set-name", "optional", "renderer", "nameservers", "dhcp6-overrides",
                   "dhcp-identifier", "accept-ra", "link-local", "critical"});
    InterfaceDraft draft(file_);
    draft.read_mtu(ethernet);
    read_addresses(draft, ethernet);
    const Node* const match = ethernet.find("match");
    std::string_view mac;
    std::string_view name = ethernet.key;
    if (match != nullptr && match->is_map()) {
      file_.complain_of_others(*match, {"macaddress", "name", "driver"});
      mac = file_.text(*match, "macaddress");
      name = file_.text(*match, "name");
    }
    if (const auto choice = choose(file_, ethernet.line, mac, name, place)) {
      draft.apply(*choice);
    }
  }

  void read_addresses(InterfaceDraft& draft, const Node& ethernet) {
    SubnetText text{.line = ethernet.line, .gateway = file_.text(ethernet, "gateway4")};
    draft.add_routes(file_.list(ethernet, "routes"), text);
    if (is_true(file_.text(ethernet, "dhcp6")) || !file_.text(ethernet, "gateway6").empty()) {
      file_.pass_over_ipv6(ethernet.line);
    }
    const bool wants_dhcp = is_true(file_.text(ethernet, "dhcp4"));
    if (wants_dhcp) {
      draft.use_dhcp(ethernet.find("dhcp4")->line);
    }
    bool has_address = false;
    if (const Node* const addresses = file_.list(ethernet, "addresses")) {
      for (const Node& address : *addresses) {
        has_address = read_address(draft, address, text) || has_address;
      }
    }
    // A default route beside DHCP wins over that of the lease.
    if (wants_dhcp && !has_address && !text.gateway.empty()) {
      draft.add({.line = ethernet.line,
                 .network = "default",
                 .router = text.gateway,
                 .is_on_link = text.is_gateway_on_link});
    }
  }

  // Whether this is an IPv4 address. netplan also writes them as a map of the address to options.
  bool read_address(InterfaceDraft& draft, const Node& address, SubnetText text) {
    text.line = address.line;
    text.address = address.is_map() && address.first != nullptr ? address.first->key : address.text;
    if (!is_ipv6(text.address) && text.address.find('/') == std::string_view::npos) {
      file_.complain(address.line, "", text.address, " has no prefix like /24, not used");
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
  const Node* const wrapped = root.find("network");
  const Node& network = wrapped != nullptr && wrapped->is_map() ? *wrapped : root;
  const std::string_view version = file.text(network, "version");
  const Node* const config = network.find("config");
  if (config != nullptr && config->is_list() && (version.empty() || version == "1")) {
    VersionOne(file, *config).read();
  } else if (network.find("ethernets") != nullptr && (version.empty() || version == "2")) {
    VersionTwo(file).read(network);
  } else if (version == "2") {
    VersionTwo(file).read(network);
  } else {
    file.complain(network.line, "neither network config 1 with a list `config` nor 2, ignored");
  }
}

}  // namespace mote::cloud_init
