// The settings of NICs: values that are taken and refused, and which of several rules counts.
#include "firmware/settings/interface_rules.hpp"

#include <doctest/doctest.h>

#include <string>

#include "firmware/settings/settings.hpp"
#include "tests/unit/fake_console.hpp"

using namespace mote;

namespace {

constexpr MacAddress kMac{{0x52, 0x54, 0x00, 0x12, 0x34, 0x56}};
constexpr MacAddress kOtherMac{{0x52, 0x54, 0x00, 0x12, 0x34, 0x57}};

InterfaceFields fields_with(std::string_view key, std::string_view value) {
  InterfaceFields fields;
  REQUIRE(parse_field(fields, key, value));
  return fields;
}

}  // namespace

TEST_CASE("a route is a network, on the link or via a router") {
  const auto far = parse_route("10.0.0.0/8 via 192.0.2.9");
  REQUIRE(far.has_value());
  CHECK(far->network.value == 0x0A000000);
  CHECK(far->prefix_bits == 8);
  CHECK(far->router.value == 0xC0000209);
  const auto near = parse_route("198.51.100.77/24");
  REQUIRE(near.has_value());
  CHECK(near->network.value == 0xC6336400);
  CHECK(near->is_on_link());
  CHECK(parse_route("0.0.0.0/0 via 192.0.2.1")->is_default());
  CHECK(parse_route("0.0.0.0/1 via  192.0.2.1")->prefix_bits == 1);
  for (const std::string_view wrong :
       {"", "10.0.0.0", "10.0.0.0/33", "10.0.0.0/8 via", "10.0.0.0/8 via ", "10.0.0.0/8 dev eth0",
        "10.0.0.0/8 via 0.0.0.0", "10.0.0.0/8 via 127.0.0.1", "10.0.0.0/8 via 224.0.0.1",
        "10.0.0.0/8 via 255.255.255.255", "10.0.0.0/8 via 192.0.2.9 metric 3", "0.0.0.0/0",
        "127.0.0.0/8 via 192.0.2.9", "224.0.0.0/4", "10.0.0.0/8via 192.0.2.9", "fd00::/8",
        "255.255.255.255/32", "/8 via 192.0.2.1"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_route(wrong).has_value());
  }
}

TEST_CASE("routes are a list, taken or refused as a whole; none is a choice, too") {
  const auto fields = fields_with("routes", "10.0.0.0/8 via 192.0.2.9, 198.51.100.0/24");
  CHECK(fields.routes->all().size() == 2);
  CHECK(fields_with("routes", "").routes->empty());
  InterfaceFields refused;
  CHECK_FALSE(parse_field(refused, "routes", "10.0.0.0/8 via 192.0.2.9, nonsense"));
  CHECK_FALSE(refused.routes.has_value());
  std::string many = "10.0.0.0/24";
  for (int i = 1; i < 17; ++i) {
    many += ",10.0." + std::to_string(i) + ".0/24";
  }
  CHECK_FALSE(parse_field(refused, "routes", many));
}

TEST_CASE("a netmask is dotted or a number of bits, without gaps") {
  CHECK(parse_netmask("255.255.255.0") == 24);
  CHECK(parse_netmask("255.255.255.255") == 32);
  CHECK(parse_netmask("0.0.0.0") == 0);
  CHECK(parse_netmask("20") == 20);
  for (const std::string_view wrong : {"255.0.255.0", "33", "", "/24", "255.255.255", "-1"}) {
    CHECK_FALSE(parse_netmask(wrong).has_value());
  }
}

TEST_CASE("a later source wins whatever its match; within one, the MAC address wins") {
  InterfaceRules rules;
  REQUIRE(rules.set({.mac = kMac}, fields_with("address", "192.0.2.1/24"), 1));
  REQUIRE(rules.set({.index = 0}, fields_with("address", "192.0.2.2/24"), 1));
  REQUIRE(rules.set({.mac = kMac}, fields_with("mtu", "1400"), 1));
  CHECK(rules.fields_of(0, kMac).address->fixed.address == 0xC0000201);
  REQUIRE(rules.set({.index = 0}, fields_with("address", "192.0.2.3/24"), 2));
  CHECK(rules.fields_of(0, kMac).address->fixed.address == 0xC0000203);
  CHECK(rules.fields_of(0, kMac).mtu == 1400);
  REQUIRE(rules.set({.mac = kMac}, fields_with("address", "dhcp"), 2));
  CHECK(rules.fields_of(0, kMac).address->dhcp);
  CHECK(rules.fields_of(0, kOtherMac).address->fixed.address == 0xC0000203);
  CHECK_FALSE(rules.fields_of(1, kOtherMac).address.has_value());
  CHECK(rules.fields_of(7, kMac).address->dhcp);
}

TEST_CASE("a later source replaces routes and gateway, or takes them away") {
  InterfaceRules rules;
  REQUIRE(rules.set({.index = 0}, fields_with("routes", "10.0.0.0/8 via 192.0.2.9"), 1));
  REQUIRE(rules.set({.index = 1}, fields_with("routes", "10.1.0.0/16, 10.2.0.0/16"), 1));
  REQUIRE(rules.set({.mac = kMac}, fields_with("routes", "172.16.0.0/12"), 2));
  CHECK(rules.fields_of(0, kMac).routes->all().front().network.value == 0xAC100000);
  CHECK(rules.fields_of(0, kMac).routes->all().size() == 1);
  REQUIRE(rules.set({.mac = kMac}, fields_with("routes", ""), 3));
  CHECK(rules.fields_of(0, kMac).routes->empty());
  CHECK(rules.fields_of(1, kOtherMac).routes->all().size() == 2);
  REQUIRE(rules.set({.index = 1}, fields_with("gateway", "192.0.2.1"), 1));
  REQUIRE(rules.set({.index = 1}, fields_with("gateway", ""), 2));
  CHECK(rules.fields_of(1, kOtherMac).gateway == 0U);
}

TEST_CASE("all NICs share the room for routes; without room, a NIC gets all but its routes") {
  InterfaceRules rules;
  netstack::Routes full;
  for (std::uint32_t i = 0; i < limits::kRoutes; ++i) {
    REQUIRE(full.add({.network = {0x0A000000 + (i << 8)}, .prefix_bits = 24, .router = {}}));
  }
  const std::uint32_t fitting = limits::kSettingRoutes / limits::kRoutes;
  for (std::uint32_t i = 0; i < fitting; ++i) {
    REQUIRE(rules.set({.index = i}, {.routes = full}, 1));
    REQUIRE(rules.set({.index = i}, {.routes = full}, 2));
  }
  InterfaceFields beyond = fields_with("address", "192.0.2.1/24");
  beyond.routes = full;
  CHECK_FALSE(rules.set({.index = fitting}, beyond, 1));
  CHECK(rules.fields_of(fitting, kMac).address->fixed.address == 0xC0000201);
  CHECK_FALSE(rules.fields_of(fitting, kMac).routes.has_value());
  CHECK(rules.fields_of(0, kMac).routes->all().size() == limits::kRoutes);
}
