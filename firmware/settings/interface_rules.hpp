// The settings of NICs: rules for one by its MAC address or by its index, and which of them count.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "drivers/net_device.hpp"
#include "firmware/limits.hpp"
#include "firmware/settings/interface_fields.hpp"
#include "netstack/ip/routes.hpp"
#include "netstack/limits.hpp"

namespace mote {

class InterfaceRules {
 public:
  // Sets those fields that are present. `source`: the number of the settings' source, from 1 on in
  // order of precedence. False: there is no room for one more NIC, or for its routes; then all the
  // rest was set.
  [[nodiscard]] bool set(const InterfaceChoice& choice, const InterfaceFields& fields,
                         std::uint8_t source);

  // A NIC's settings: for each field the last source's value. If that source has one for the MAC
  // address and one for the index, the MAC address's wins.
  [[nodiscard]] InterfaceFields fields_of(std::uint32_t index, const MacAddress& mac) const;

  // Calls `use` with each NIC that has a rule.
  void for_each_choice(auto&& use) const {
    for (const Rule& rule : std::span(rules_).first(rule_count_)) {
      use(rule.choice);
    }
  }

 private:
  template <typename Value>
  struct Field {
    Value value{};
    std::uint8_t source = 0;  // 0: not set
  };
  struct Rule {
    InterfaceChoice choice;
    Field<InterfaceFields::Address> address;
    Field<std::uint32_t> gateway;
    Field<std::uint16_t> mtu;
    Field<bool> offload;
    std::uint8_t routes_source = 0;
  };
  struct RuleRoute {
    netstack::Route route;
    std::uint8_t rule = 0;
  };

  Rule* rule_for(const InterfaceChoice& choice);
  [[nodiscard]] bool set_routes(std::uint8_t rule, const netstack::Routes& routes);
  [[nodiscard]] netstack::Routes routes_of(std::size_t rule) const;

  std::array<Rule, 2 * limits::kInterfaces> rules_{};
  std::size_t rule_count_ = 0;
  std::array<RuleRoute, limits::kSettingRoutes> routes_{};  // of all rules
  std::size_t route_count_ = 0;
};

}  // namespace mote
