// A settings disk's statements about one NIC, collected until they can be applied as a whole.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "firmware/settings/interface_rules.hpp"
#include "firmware/settings/settings_file.hpp"
#include "formats/document.hpp"

namespace mote::cloud_init {

// An address and its gateway as a file has them; empty where it says nothing.
struct SubnetText {
  std::uint32_t line = 0;
  std::string_view address = {};  // perhaps with a prefix
  std::string_view netmask = {};  // for an address without one: dotted, or bits
  std::string_view gateway = {};
  bool is_gateway_on_link = false;
};

// The same for a route.
struct RouteText {
  std::uint32_t line = 0;
  std::string_view network = {};  // perhaps with a prefix; or "default"
  std::string_view netmask = {};
  std::string_view router = {};
  bool is_on_link = false;

  // Reads any of the formats: {to, via, on-link}, {network or destination, netmask, gateway}.
  [[nodiscard]] static RouteText of(SettingsFile& file, const formats::Node& map);

  [[nodiscard]] bool is_default() const;
};

// A NIC has one IPv4 address: the first with a gateway, else DHCP, else the first. The others are
// named on the console.
class InterfaceDraft {
 public:
  explicit InterfaceDraft(SettingsFile& file) : file_(file) {}

  void use_dhcp(std::uint32_t line);
  void use(const SubnetText& subnet);
  void add(const RouteText& route);

  // Adds a list of routes, but for the default route: `subnet` gets its gateway.
  void add_routes(const formats::Node* list, SubnetText& subnet);

  void set_mtu(std::uint32_t line, std::string_view text);

  // Takes `mtu` from a map.
  void read_mtu(const formats::Node& map);

  // Whether a static address is to be used, and `address` is on its subnet.
  [[nodiscard]] bool is_near(std::uint32_t address) const;

  void apply(const InterfaceChoice& choice);

 private:
  // How good an address is.
  enum class Rank : std::uint8_t { kNone, kAddress, kDhcp, kAddressAndGateway };

  // Whether to use an address of this rank; complains of the one that isn't used, then.
  bool prefer(Rank rank, std::uint32_t line, std::string_view text);
  void keep(const std::optional<netstack::Route>& route, std::uint32_t line, std::string_view text);

  SettingsFile& file_;
  InterfaceFields fields_{};
  netstack::Routes routes_;
  Rank rank_ = Rank::kNone;
  std::uint32_t line_ = 0;  // of the address in use, and its text
  std::string_view text_;
};

// The NIC with this MAC address, else with the number in a name like "eth1", else the one at this
// place. Nothing: there can't be such a NIC; the console says so.
[[nodiscard]] std::optional<InterfaceChoice> choose(SettingsFile& file, std::uint32_t line,
                                                    std::string_view mac, std::string_view name,
                                                    std::uint32_t place);

}  // namespace mote::cloud_init
