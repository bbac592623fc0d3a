// Routes from settings, beside a static address and beside those of DHCP.
#include <doctest/doctest.h>

#include <string>

#include "netstack/ip/routes.hpp"
#include "netstack/stack.hpp"
#include "tests/unit/netstack/dhcp_world.hpp"

using namespace mote;
using namespace mote::world;
using namespace mote::world::dhcp;
using netstack::Route;
using netstack::Routes;

namespace {

constexpr Route kFar{{0x0A000000}, 8, {0xC0A80009}};          // 10.0.0.0/8 via 192.168.0.9
constexpr Route kNear{{0xC6336400}, 24, {}};                  // 198.51.100.0/24 on the link
constexpr Route kBehindNear{{0xAC100000}, 12, {0xC6336401}};  // 172.16.0.0/12 via 198.51.100.1
constexpr Route kLost{{0xCB007100}, 24, {0xC0A90001}};        // via 192.169.0.1, not on the link

Routes routes_of(std::initializer_list<Route> list) {
  Routes routes;
  for (const Route& route : list) REQUIRE(routes.add(route));
  return routes;
}

const Routes& wanted() {
  static const Routes routes = routes_of({kFar, kNear, kBehindNear, kLost});
  return routes;
}

std::uint32_t router_to(const netstack::Attachment& attachment, std::uint32_t host) {
  const Route* const route = attachment.route_to({host});
  return route == nullptr ? 0xFFFFFFFF : route->router.value;
}

// The same routes, whether the address is leased or static.
void check_ways(const netstack::Attachment& attachment) {
  CHECK(router_to(attachment, 0x0A010203) == 0xC0A80009);
  CHECK(router_to(attachment, 0xC6336463) == 0);
  CHECK(router_to(attachment, 0xAC100001) == 0xC6336401);
  CHECK(router_to(attachment, 0xCB007101) == 0xFFFFFFFF);
}

void check_lines(const std::string& said, const std::string& name) {
  CAPTURE(said);
  CHECK(count(said, name + ": route 203.0.113.0/24 via 192.169.0.1: that is neither on our subnet "
                           "nor on a route to our link: not used\n") == 1);
  CHECK(count(said, name + ": route 10.0.0.0/8 via 192.168.0.9\n") == 1);
  CHECK(count(said, name + ": route 198.51.100.0/24 on the link\n") == 1);
}

}  // namespace

TEST_CASE("routes are used as soon as there is an address, and go with it") {
  Machine& machine = client("tester", wanted());
  const netstack::Attachment& attachment = machine.interface.attachment();
  restart();
  CHECK(router_to(attachment, 0x0A010203) == 0xFFFFFFFF);
  run(5, [](const Message& message) { return lease(message); });
  check_ways(attachment);
  check_lines(printed(), "net0");
  // A renewal says nothing new.
  run(70, [](const Message& message) { return lease(message); });
  CHECK(printed().empty());
  check_ways(attachment);
  restart();
  CHECK(router_to(attachment, 0x0A010203) == 0xFFFFFFFF);
}

TEST_CASE("a route of the settings wins over a leased one to the same network") {
  client("tester", wanted());
  restart();
  const Bytes leased{8, 10, 192, 168, 0, 77, 24, 192, 0, 2, 192, 168, 0, 78};
  run(5, [&](const Message& message) { return lease(message, {{kRoutes, leased}}); });
  const netstack::Attachment& attachment = client().interface.attachment();
  check_ways(attachment);
  CHECK(router_to(attachment, 0xC0000201) == 0xC0A8004E);
}

TEST_CASE("routes are used beside a static address") {
  client("tester", wanted());
  printed();
  auto* machine = new Machine{Device({.mac = kPeerMac}), {}};
  REQUIRE(machine->interface.attach(
      machine->device, 1,
      {.address = netstack::StaticAddress{{0xC0A80010}, 24, {}}, .routes = wanted()}));
  check_ways(machine->interface.attachment());
  check_lines(printed(), "net1");
}

// What no request asks for, such as a datagram of DHCP's, goes where its destination says.
TEST_CASE("of all interfaces, the one with the longest route to a host has it") {
  client("tester", wanted());
  auto* machine = new Machine{Device({.mac = kPeerMac}), {}};
  const auto netif_to = [](std::uint32_t host) {
    return netstack::interface_with_route(std::byteswap(host));
  };
  struct netif* const before = netif_to(0x0A010203);
  REQUIRE(machine->interface.attach(
      machine->device, 2,
      {.address = netstack::StaticAddress{{0xC0A80010}, 24, {}},
       .routes = routes_of({{{0x0A010000}, 16, {0xC0A80009}}, {{0xC6120000}, 15, {}}})}));
  struct netif* const netif = &machine->interface.attachment().netif();
  CHECK(netif_to(0x0A010203) == netif);  // not the one with 10.0.0.0/8
  CHECK(netif_to(0x0A020304) == before);
  CHECK(netif_to(0xC6120063) == netif);
  CHECK(netif_to(0xC6140063) == nullptr);
  CHECK(netstack::usable_address(2) == netstack::Ipv4Address{0xC0A80010});
  machine->device.link = false;
  machine->interface.tend(clock::now());
  CHECK(netif_to(0x0A010203) == before);
  CHECK(netif_to(0xC6120063) == nullptr);
  CHECK(netstack::usable_address(2) == netstack::Ipv4Address{});
  CHECK(netstack::usable_address(limits::kInterfaces) == netstack::Ipv4Address{});
}

TEST_CASE("a route that can't be used is named even if there is no other") {
  client("tester", wanted());
  printed();
  auto* machine = new Machine{Device({.mac = kPeerMac}), {}};
  REQUIRE(machine->interface.attach(
      machine->device, 3,
      {.address = netstack::StaticAddress{{0xC0A80010}, 24, {}}, .routes = routes_of({kLost})}));
  CHECK(count(printed(), "net3: route 203.0.113.0/24 via 192.169.0.1: that is neither") == 1);
}

TEST_CASE("a static address's gateway may be on a network that a route puts on the link") {
  client("tester", wanted());
  printed();
  auto* machine = new Machine{Device({.mac = kPeerMac}), {}};
  REQUIRE(
      machine->interface.attach(machine->device, 2,
                                {.address = netstack::StaticAddress{{0xC0A80010}, 24, {0xCB007101}},
                                 .routes = routes_of({{{0xCB007101}, 32, {}}})}));
  CHECK(machine->interface.attachment().has_way_out());
  CHECK(contains(printed(), "net2: 192.168.0.16/24 via 203.0.113.1 (static)\n"));
}

TEST_CASE("what is leased beyond the room for routes is left out, and that is said") {
  client("tester", wanted());
  restart();
  Bytes leased;
  for (std::uint8_t i = 0; i < 16; ++i) {
    const Bytes one{24, 172, 30, i, 192, 168, 0, 77};
    leased.insert(leased.end(), one.begin(), one.end());
  }
  run(5, [&](const Message& message) { return lease(message, {{kRoutes, leased}}); });
  CHECK(contains(printed(), "net0: more than 16 routes, not all that are leased are used\n"));
  check_ways(client().interface.attachment());
}
