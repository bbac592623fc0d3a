// A NIC's settings, the NIC that they are for, and how both are written.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "drivers/net_device.hpp"
#include "firmware/settings/parse.hpp"
#include "netstack/ip/routes.hpp"

namespace mote {

// The settings of an interface; absent ones were not set.
struct InterfaceFields {
  struct Address {
    bool dhcp = true;
    Ipv4Prefix fixed{};  // without DHCP
  };
  std::optional<Address> address = {};
  std::optional<std::uint32_t> gateway = {};  // zero: none
  std::optional<std::uint16_t> mtu = {};
  std::optional<bool> offload = {};
  std::optional<netstack::Routes> routes = {};  // besides subnet and gateway
};

// A NIC, by its MAC address if given, else by its index.
struct InterfaceChoice {
  std::optional<MacAddress> mac = {};
  std::uint32_t index = 0;
  friend bool operator==(const InterfaceChoice&, const InterfaceChoice&) = default;
};

// "0" or "52:54:00:12:34:56".
[[nodiscard]] std::optional<InterfaceChoice> parse_choice(std::string_view text);

// Whether a host can have an address; on its subnet, too.
[[nodiscard]] bool is_host(std::uint32_t address);
[[nodiscard]] bool is_host_on(Ipv4Prefix subnet);

// "10.0.0.0/8 via 192.0.2.9", or "198.51.100.0/24": on the link. Host bits are cleared.
[[nodiscard]] std::optional<netstack::Route> parse_route(std::string_view text);

// A route with the bits behind its prefix cleared; absent if it is impossible.
[[nodiscard]] std::optional<netstack::Route> checked_route(Ipv4Prefix network,
                                                           std::uint32_t router);

// Reads the field called `key` of an interface. False: unknown, or the value can't be used.
[[nodiscard]] bool parse_field(InterfaceFields& fields, std::string_view key,
                               std::string_view value);

}  // namespace mote
