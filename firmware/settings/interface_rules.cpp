// Keeps the rules for NICs, and finds out which of them count.
#include "firmware/settings/interface_rules.hpp"

#include <algorithm>

namespace mote {

bool InterfaceRules::set(const InterfaceChoice& choice, const InterfaceFields& fields,
                         std::uint8_t source) {
  Rule* const rule = rule_for(choice);
  if (rule == nullptr) {
    return false;
  }
  const auto keep = [source](auto& field, const auto& value) {
    if (value) {
      field = {*value, source};
    }
  };
  keep(rule->address, fields.address);
  keep(rule->gateway, fields.gateway);
  keep(rule->mtu, fields.mtu);
  keep(rule->offload, fields.offload);
  if (!fields.routes) {
    return true;
  }
  const bool has_room = set_routes(static_cast<std::uint8_t>(rule - rules_.data()), *fields.routes);
  rule->routes_source = has_room ? source : rule->routes_source;
  return has_room;
}

InterfaceRules::Rule* InterfaceRules::rule_for(const InterfaceChoice& choice) {
  for (Rule& rule : std::span(rules_).first(rule_count_)) {
    if (rule.choice == choice) {
      return &rule;
    }
  }
  if (rule_count_ == rules_.size()) {
    return nullptr;
  }
  Rule& rule = rules_[rule_count_++];
  rule.choice = choice;
  return &rule;
}

bool InterfaceRules::set_routes(std::uint8_t rule, const netstack::Routes& routes) {
  const auto all = std::span(routes_).first(route_count_);
  const auto is_others = [rule](const RuleRoute& route) { return route.rule != rule; };
  const auto others = static_cast<std::size_t>(std::ranges::count_if(all, is_others));
  if (others + routes.all().size() > routes_.size()) {
    return false;
  }
  std::ranges::partition(all, is_others);
  route_count_ = others;
  for (const netstack::Route& route : routes.all()) {
    routes_[route_count_++] = {route, rule};
  }
  return true;
}

netstack::Routes InterfaceRules::routes_of(std::size_t rule) const {
  netstack::Routes routes;
  for (const RuleRoute& route : std::span(routes_).first(route_count_)) {
    if (route.rule == rule) {
      static_cast<void>(routes.add(route.route));  // has room: they come from such a list
    }
  }
  return routes;
}

InterfaceFields InterfaceRules::fields_of(std::uint32_t index, const MacAddress& mac) const {
  InterfaceFields result;
  struct {
    unsigned address = 0, gateway = 0, mtu = 0, offload = 0, routes = 0;
  } best;  // the rank of what was found for each field; 0: nothing
  for (std::size_t i = 0; i < rule_count_; ++i) {
    const Rule& rule = rules_[i];
    if (rule.choice.mac ? *rule.choice.mac != mac : rule.choice.index != index) {
      continue;
    }
    const auto wins = [&rule](unsigned& rank, std::uint8_t source) {
      const unsigned own = 2U * source + (rule.choice.mac ? 1U : 0U);
      const bool better = source != 0 && own > rank;
      rank = better ? own : rank;
      return better;
    };
    const auto take = [&wins](unsigned& rank, auto& value, const auto& field) {
      if (wins(rank, field.source)) {
        value = field.value;
      }
    };
    take(best.address, result.address, rule.address);
    take(best.gateway, result.gateway, rule.gateway);
    take(best.mtu, result.mtu, rule.mtu);
    take(best.offload, result.offload, rule.offload);
    if (wins(best.routes, rule.routes_source)) {
      result.routes = routes_of(i);
    }
  }
  return result;
}

}  // namespace mote
