// Routes from DHCP (RFC 3442), and the stations that datagrams go to by them.
#include "netstack/ip/routes.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "lwip/etharp.h"
#include "netstack/limits.hpp"
#include "tests/unit/netstack/dhcp_world.hpp"

using namespace mote;
using namespace mote::world;
using namespace mote::world::dhcp;
using netstack::Ipv4Address;
using netstack::Route;
using netstack::Routes;

namespace {

constexpr std::uint32_t kOutside = 0xCB007109;  // 203.0.113.9
constexpr std::uint32_t kGateway = 0x0AF00001;  // 10.240.0.1
constexpr std::uint32_t kOwn = 0x0A800007;      // 10.128.0.7

// A route as option 121 encodes it: only the significant bytes of the network.
Bytes route(std::uint32_t network, unsigned bits, std::uint32_t router) {
  Bytes bytes{static_cast<std::uint8_t>(bits)};
  const Bytes whole = word(network);
  bytes.insert(bytes.end(), whole.begin(), whole.begin() + (bits + 7) / 8);
  const Bytes via = word(router);
  bytes.insert(bytes.end(), via.begin(), via.end());
  return bytes;
}

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

// Leases the client an address with these options; returns the console's output.
std::string meet(const std::vector<Option>& options, std::uint32_t leased = kOwn,
                 std::uint32_t mask = 0xFFFFFFFF) {
  advance(milliseconds(60'000));
  restart();
  const auto messages = run(5, [&](const Message& message) {
    Answer answer = lease(message, {{kMask, word(mask)}, {kRouter, {}}}, leased);
    answer.options.insert(answer.options.end(), options.begin(), options.end());
    return answer;
  });
  REQUIRE(address() == leased);
  return printed();
}

// The station the client asks for to answer a host. The answer is a RST, since no server listens.
std::optional<std::uint32_t> way_to(std::uint32_t host) {
  etharp_cleanup_netif(&client().interface.attachment().netif());
  client().interface.tend(clock::now());  // drops cached stations
  asked_for();
  Bytes segment(20);
  auto& tcp = *reinterpret_cast<netstack::TcpHeader*>(segment.data());
  tcp = {4000, 81, 1, 0, 0x5002, 1000, 0, 0};
  tcp.checksum = plain_checksum(segment, pseudo_sum(host, address(), 6, 20));
  Bytes frame = ipv4_frame(6, segment);
  auto& ip = *reinterpret_cast<netstack::Ipv4Header*>(frame.data() + 14);
  ip.source = host;
  ip.destination = address();
  ip.checksum = 0;
  ip.checksum = plain_checksum({frame.data() + 14, 20});
  client().device.receive(frame);
  run(1, silence);
  const auto asked = asked_for();
  if (asked.empty()) return {};
  return asked.front();
}

}  // namespace

// RFC 3442: 121 must come before 3 in the list, or servers may leave it out.
TEST_CASE("classless routes are asked for, before routers") {
  const auto messages = run(20, silence);
  REQUIRE(!messages.empty());
  const auto list = option(messages.front().options, 55);
  REQUIRE(list.has_value());
  const auto place = [&](std::uint8_t code) { return std::ranges::find(*list, code); };
  CHECK(place(kRoutes) < place(kRouter));
  CHECK(place(kMicrosoftRoutes) < place(kRouter));
  CHECK(place(kRouter) != list->end());
}

// As Google Cloud, Hetzner Cloud and Scaleway assign addresses: a single one as its own network,
// with the gateway beside it on the link. Before, ping was answered, to where it came from; HTTP
// wasn't.
TEST_CASE("an address alone in its network reaches the world by a gateway on the link") {
  const std::string text =
      meet({{kRoutes, joined({route(kGateway, 32, 0), route(0, 0, kGateway)})}});
  CHECK(text ==
        "net0: 10.128.0.7/32 via 10.240.0.1 (dhcp, lease 120 s)\n"
        "net0: route 10.240.0.1/32 on the link\n");
  CHECK(client().interface.attachment().report().has_way_out);
  CHECK(way_to(kOutside) == kGateway);
  CHECK(way_to(kGateway) == kGateway);
}

TEST_CASE("Microsoft's option number counts if the standard's is absent") {
  const Bytes ours = joined({route(kGateway, 32, 0), route(0, 0, kGateway)});
  const Bytes other = joined({route(kGateway + 1, 32, 0), route(0, 0, kGateway + 1)});
  meet({{kMicrosoftRoutes, ours}});
  CHECK(way_to(kOutside) == kGateway);
  meet({{kMicrosoftRoutes, other}, {kRoutes, ours}});
  CHECK(way_to(kOutside) == kGateway);
}

// OVH and others lease like that, without option 121.
TEST_CASE("an address alone in its network treats its router as on the link") {
  const std::string text = meet({{kRouter, word(kGateway)}});
  CHECK(text == "net0: 10.128.0.7/32 via 10.240.0.1 (dhcp, lease 120 s)\n");
  CHECK(way_to(kOutside) == kGateway);
}

// RFC 3442: "the DHCP client MUST ignore the Router option".
TEST_CASE("with classless routes, the Router option is ignored") {
  const std::string text =
      meet({{kRouter, word(0xC0A80001)}, {kRoutes, route(0x0A000000, 8, 0xC0A80002)}}, 0xC0A80017,
           0xFFFFFF00);
  CHECK(text ==
        "net0: 192.168.0.23/24 (dhcp, lease 120 s)\n"
        "net0: route 10.0.0.0/8 via 192.168.0.2\n"
        "net0: no gateway\n");
  CHECK(way_to(0x0A010203) == 0xC0A80002);
  const auto lost = client().interface.attachment().counters().tx_no_route;
  CHECK_FALSE(way_to(kOutside).has_value());
  CHECK(client().interface.attachment().counters().tx_no_route > lost);
  CHECK(way_to(0xC0A80099) == 0xC0A80099);
}

TEST_CASE("the longest prefix wins, the subnet's included") {
  meet({{kRoutes, joined({route(0, 0, 0xC0A80001), route(0x0A000000, 8, 0xC0A80002),
                          route(0x0A010000, 16, 0xC0A80003), route(0x0A010280, 25, 0xC0A80004),
                          route(0xC0A80080, 25, 0xC0A80005), route(0xC0A80000, 16, 0xC0A80006),
                          route(0xA9FEA9FE, 32, 0xC0A80007)})}},
       0xC0A80017, 0xFFFFFF00);
  CHECK(way_to(kOutside) == 0xC0A80001);
  CHECK(way_to(0x0A020304) == 0xC0A80002);
  CHECK(way_to(0x0A010204) == 0xC0A80003);
  CHECK(way_to(0x0A010290) == 0xC0A80004);
  CHECK(way_to(0xC0A80044) == 0xC0A80044);
  CHECK(way_to(0xC0A80099) == 0xC0A80005);
  CHECK(way_to(0xC0A80144) == 0xC0A80006);
  CHECK(way_to(0xA9FEA9FE) == 0xC0A80007);  // OpenStack's metadata
  CHECK(way_to(0xA9FEA9FD) == 0xA9FEA9FD);
}

TEST_CASE("everything may be on the link") {
  const std::string text = meet({{kRoutes, route(0, 0, 0)}});
  CHECK(contains(text, "net0: route 0.0.0.0/0 on the link\n"));
  CHECK_FALSE(contains(text, "no gateway"));
  CHECK(way_to(kOutside) == kOutside);
}

TEST_CASE("a router beyond the link is not used") {
  const std::string text = meet({{kRoutes, route(0, 0, kGateway)}}, 0xC0A80017, 0xFFFFFF00);
  CHECK(contains(text,
                 "net0: gateway 10.240.0.1 from DHCP server 192.168.0.1 is neither on our "
                 "subnet nor on a route to our link: not used\n"));
  CHECK(contains(text, "no gateway"));
  meet({{kRoutes, joined({route(0, 0, kGateway), route(0x0AF00000, 16, 0)})}}, 0xC0A80017,
       0xFFFFFF00);
  CHECK(way_to(kOutside) == kGateway);
}

TEST_CASE("bits beyond the mask mean nothing") {
  Bytes sloppy = route(0x0A000000, 12, 0xC0A80002);
  sloppy[2] |= 0x0F;
  meet({{kRoutes, sloppy}}, 0xC0A80017, 0xFFFFFF00);
  CHECK(way_to(0x0A0F0001) == 0xC0A80002);
}

// RFC 3396; RFC 2131, 4.1, for the fields that may hold options.
TEST_CASE("routes in several options and in borrowed fields form one value") {
  const Bytes whole = joined({route(0x0A000000, 8, 0xC0A80002), route(0, 0, 0xC0A80001),
                              route(0xAC100000, 12, 0xC0A80003)});
  const auto part = [&](std::size_t from, std::size_t to) {
    return Bytes(whole.begin() + static_cast<long>(from), whole.begin() + static_cast<long>(to));
  };
  advance(milliseconds(60'000));
  restart();
  run(5, [&](const Message& message) {
    Answer answer = lease(message, {{kRouter, {}}});
    answer.options.insert(answer.options.begin(), {kRoutes, part(0, 3)});
    answer.options.push_back({kRoutes, part(3, 4)});
    answer.options.push_back({kOverload, {3}});
    answer.in_file = {{kRoutes, part(4, 8)}};
    answer.in_sname = {{12, {'n'}}, {kRoutes, part(8, whole.size())}};
    return answer;
  });
  CHECK(address() == kLeased);
  CHECK(way_to(0x0A010203) == 0xC0A80002);
  CHECK(way_to(kOutside) == 0xC0A80001);
  CHECK(way_to(0xAC1F0001) == 0xC0A80003);
}

TEST_CASE("broken routes are reported and left out, and the Router option counts") {
  const Bytes broken[] = {{33, 1, 2, 3, 4, 5, 6, 7, 8}, {24, 10, 0, 0, 192, 168, 0}, {0}, {8, 10}};
  for (const Bytes& one : broken) {
    const std::string text =
        meet({{kRouter, word(0xC0A80001)}, {kRoutes, one}}, 0xC0A80017, 0xFFFFFF00);
    CHECK(contains(text,
                   "net0: classless routes from DHCP server 192.168.0.1 are broken: not "
                   "used\n"));
    CHECK(way_to(kOutside) == 0xC0A80001);
  }
}

TEST_CASE("of too many routes, the first are used, and the gateway") {
  Bytes first;
  Bytes second;
  for (unsigned i = 0; i < limits::kRoutes + 4; ++i) {
    const Bytes one = route(0x0A000000 + (i << 16), 16, 0xC0A80002 + i);
    Bytes& part = i < 20 ? first : second;
    part.insert(part.end(), one.begin(), one.end());
  }
  const Bytes last = route(0, 0, 0xC0A80001);
  second.insert(second.end(), last.begin(), last.end());
  const std::string text = meet({{kRoutes, first}, {kRoutes, second}}, 0xC0A80017, 0xFFFFFF00);
  CHECK(contains(text,
                 "net0: more than 16 routes from DHCP server 192.168.0.1: the first are "
                 "used\n"));
  CHECK(way_to(0x0A0F0001) == 0xC0A80011);
  CHECK(way_to(0x0A100001) == 0xC0A80001);
}

TEST_CASE("routes disappear with their address") {
  meet({{kRoutes, joined({route(kGateway, 32, 0), route(0, 0, kGateway)})}});
  run(200, silence);
  CHECK(address() == 0);
  const std::string text = meet({{kRouter, word(kServer)}}, kLeased, 0xFFFFFF00);
  CHECK_FALSE(contains(text, "route "));
  CHECK(way_to(kOutside) == kServer);
}

TEST_CASE("a renewal may change routes") {
  meet({{kRouter, word(kServer)}}, kLeased, 0xFFFFFF00);
  run(70, [&](const Message& message) {
    return lease(message, {{kRoutes, joined({route(0, 0, 0xC0A80002)})}});
  });
  CHECK(contains(printed(), "net0: 192.168.0.23/24 via 192.168.0.2 (dhcp, lease 120 s)\n"));
  CHECK(way_to(kOutside) == 0xC0A80002);
}

TEST_CASE("of two routes to one network the first stays") {
  Routes routes;
  CHECK(routes.add(Route{{0x0A000000}, 8, {1}}));
  CHECK(routes.add(Route{{0x0A000000}, 8, {2}}));
  CHECK(routes.all().size() == 1);
  CHECK(routes.find(Ipv4Address{0x0A000001})->router.value == 1);
  CHECK(routes.find(Ipv4Address{0x0B000001}) == nullptr);
}
