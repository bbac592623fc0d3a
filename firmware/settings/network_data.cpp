// ConfigDrive's network_data.json (OpenStack's metadata, "network_data") and DigitalOcean's own
// metadata: JSON with a NIC's addresses.
#include "firmware/settings/cloud_init.hpp"
#include "firmware/settings/interface_draft.hpp"
#include "firmware/settings/settings_file.hpp"

namespace mote::cloud_init {
namespace {

using namespace std::string_view_literals;

using formats::Node;

// Links, which are NICs or made of some, and networks, which are addresses on links.
class NetworkData {
 public:
  NetworkData(SettingsFile& file, const Node& root)
      : file_(file), links_(file.list(root, "links"sv)), networks_(file.list(root, "networks"sv)) {}

  void read() {
    std::uint32_t place = 0;
    for (const Node& link : parts(links_)) {
      const std::string_view type = file_.text(link, "type"sv);
      if (type == "bond"sv || type == "vlan"sv) {
        file_.complain(link.line, "a link of type % can't be used"sv, type);
      } else {
        read_link(link, place++);
      }
    }
    for (const Node& network : parts(networks_)) {
      if (!has_link(file_.text(network, "link"sv))) {
        file_.complain(network.line, "there is no link %"sv, file_.text(network, "link"sv));
      }
    }
  }

 private:
  static const Node& parts(const Node* list) {
    static constexpr Node kNone{};
    return list == nullptr ? kNone : *list;
  }

  [[nodiscard]] bool has_link(std::string_view id) const {
    for (const Node& link : parts(links_)) {
      if (file_.text(link, "id"sv) == id) {
        return true;
      }
    }
    return false;
  }

  void read_link(const Node& link, std::uint32_t place) {
    InterfaceDraft draft(file_);
    draft.read_mtu(link);
    const std::string_view id = file_.text(link, "id"sv);
    for (const Node& network : parts(networks_)) {
      if (file_.text(network, "link"sv) == id) {
        read_network(draft, network);
      }
    }
    if (const auto choice =
            choose(file_, link.line, file_.text(link, "ethernet_mac_address"sv), id, place)) {
      draft.apply(*choice);
    }
  }

  void read_network(InterfaceDraft& draft, const Node& network) {
    const std::string_view type = file_.text(network, "type"sv);
    SubnetText text{.line = network.line,
                    .address = file_.text(network, "ip_address"sv),
                    .netmask = file_.text(network, "netmask"sv),
                    .gateway = file_.text(network, "gateway"sv)};
    if (type.starts_with("ipv6"sv)) {
      file_.pass_over_ipv6(network.line);
      return;
    }
    draft.add_routes(file_.list(network, "routes"sv), text);
    if (type == "ipv4_dhcp"sv) {
      draft.use_dhcp(network.line);
    } else if (type == "ipv4"sv) {
      draft.use(text);
    } else {
      file_.complain(network.line, "a network of type \"%\" can't be used"sv, type);
    }
  }

  SettingsFile& file_;
  const Node* links_;
  const Node* networks_;
};

SubnetText address_in(SettingsFile& file, const Node& map) {
  return {.line = map.line,
          .address = file.text(map, "ip_address"sv),
          .netmask = file.text(map, "netmask"sv),
          .gateway = file.text(map, "gateway"sv)};
}

}  // namespace

void apply_network_data(Settings& settings, std::string_view name, const Node& root) {
  SettingsFile file(settings, name);
  NetworkData(file, root).read();
}

// Only public NICs have their gateway there: what private ones name leads nowhere.
void apply_digitalocean(Settings& settings, std::string_view name, const Node& root) {
  SettingsFile file(settings, name);
  const Node* const interfaces = root.find("interfaces"sv);
  std::uint32_t place = 0;
  for (const std::string_view kind : {"public"sv, "private"sv}) {
    const Node* const list = interfaces == nullptr ? nullptr : file.list(*interfaces, kind);
    if (list == nullptr) {
      continue;
    }
    for (const Node& nic : *list) {
      InterfaceDraft draft(file);
      for (const std::string_view key : {"ipv4"sv, "anchor_ipv4"sv}) {
        if (const Node* const address = nic.find(key); address != nullptr && address->is_map()) {
          SubnetText text = address_in(file, *address);
          text.gateway = kind == "public"sv && key == "ipv4"sv ? text.gateway : std::string_view{};
          draft.use(text);
        }
      }
      if (const auto choice = choose(file, nic.line, file.text(nic, "mac"sv), {}, place++)) {
        draft.apply(*choice);
      }
    }
  }
}

}  // namespace mote::cloud_init
