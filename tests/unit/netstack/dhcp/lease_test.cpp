// DHCP leases that no host can use.
#include "netstack/dhcp/lease.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/unit/netstack/dhcp_world.hpp"

using namespace mote;
using namespace mote::world;
using namespace mote::world::dhcp;

namespace {

std::uint32_t gateway() {
  return std::byteswap(ip4_addr_get_u32(netif_ip4_gw(&client().interface.attachment().netif())));
}

const struct dhcp& state() { return *netif_dhcp_data(&client().interface.attachment().netif()); }

// Has the client meet a server with these options; returns the console's output.
std::string meet(std::initializer_list<Option> options, std::uint32_t leased = kLeased) {
  const std::vector<Option> kept = options;
  advance(milliseconds(60'000));  // each reason may be printed again after this
  restart();
  run(5, [&](const Message& message) {
    Answer answer = lease(message, {}, leased);
    for (const Option& option : kept) {
      std::erase_if(answer.options, [&](const Option& o) { return o.first == option.first; });
      if (!option.second.empty()) answer.options.push_back(option);
    }
    return answer;
  });
  return printed();
}

}  // namespace

TEST_CASE("offers of addresses that no host can have are refused, with a reason") {
  struct Case {
    std::uint32_t address;
    std::uint32_t mask;
    const char* words;
  };
  const Case cases[] = {
      {0, 0xFFFFFF00, "0.0.0.0/24 from DHCP server 192.168.0.1 is of 0.0.0.0/8"},
      {0x00010203, 0xFF000000, "0.1.2.3/8 from DHCP server 192.168.0.1 is of 0.0.0.0/8"},
      {0x7F000001, 0xFF000000, "127.0.0.1/8 from DHCP server 192.168.0.1 is a loopback address"},
      {0xE0000001, 0xFFFFFF00, "224.0.0.1/24 from DHCP server 192.168.0.1 is a multicast address"},
      {0xFFFFFFFF, 0xFFFFFFFF, "255.255.255.255/32 from DHCP server 192.168.0.1 is the broadcast"},
      {0xC0A80000, 0xFFFFFF00, "192.168.0.0/24 from DHCP server 192.168.0.1 is its subnet's own"},
      {0xC0A800FF, 0xFFFFFF00, "192.168.0.255/24 from DHCP server 192.168.0.1 is its subnet's br"},
      {0xC0A80017, 0xFF00FF00, "mask 255.0.255.0 from DHCP server 192.168.0.1 can't be"},
      {0xC0A80017, 0, "mask 0.0.0.0 from DHCP server 192.168.0.1 can't be"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.words);
    const std::string text = meet({{kMask, word(one.mask)}}, one.address);
    CHECK(address() == 0);
    CHECK(contains(text, std::string("net0: ") + one.words));
    CHECK(contains(text, ": refused\n"));
    CHECK(count(text, "\n") == 1);
  }
}

// The good offer comes late, behind that of a broken server that answers first.
TEST_CASE("a good server is found behind one whose offers are unusable") {
  restart();
  std::uint32_t heard = 0;
  run(20, [&](const Message& message) {
    if (message.type == kDiscover && ++heard == 1) return lease(message, {}, 0xC0A800FF);
    return lease(message);
  });
  CHECK(address() == kLeased);
}

TEST_CASE("addresses at the ends of short prefixes and in 240/4 are good") {
  meet({{kMask, word(0xFFFFFFFE)}, {kRouter, word(0xC0A80016)}}, 0xC0A80017);
  CHECK(address() == 0xC0A80017);  // RFC 3021
  CHECK(gateway() == 0xC0A80016);
  meet({{kMask, word(0xFFFFFFFF)}}, 0xC0A800FF);
  CHECK(address() == 0xC0A800FF);
  const std::string text = meet({{kRouter, word(0xF0000001)}}, 0xF0000017);
  CHECK(text == "net0: 240.0.0.23/24 via 240.0.0.1 (dhcp, lease 120 s)\n");
  meet({{kMask, {}}, {kRouter, {}}}, 0x0A010203);
  CHECK(client().interface.attachment().host().netmask.value == 0xFF000000);  // by its class
}

TEST_CASE("without a lease time there is no lease") {
  for (const Bytes& time : {Bytes{}, word(0)}) {
    const std::string text = meet({{kLeaseTime, time}});
    CHECK(address() == 0);
    CHECK(text ==
          "net0: 192.168.0.23 from DHCP server 192.168.0.1 comes with no lease time: "
          "refused\n");
  }
}

TEST_CASE("an offer without a server identifier is refused") {
  CHECK(contains(meet({{kServerIdentifier, {}}}), "doesn't name itself: refused\n"));
  CHECK(address() == 0);
}

TEST_CASE("impossible gateways are left out, and the address is used") {
  struct Case {
    std::uint32_t gateway;
    const char* words;
  };
  const Case cases[] = {
      {0, "gateway 0.0.0.0 from DHCP server 192.168.0.1 is of 0.0.0.0/8"},
      {0x7F000001, "gateway 127.0.0.1 from DHCP server 192.168.0.1 is a loopback address"},
      {0xE0000001, "gateway 224.0.0.1 from DHCP server 192.168.0.1 is a multicast address"},
      {0xFFFFFFFF, "gateway 255.255.255.255 from DHCP server 192.168.0.1 is the broadcast"},
      {0xC0A80000, "gateway 192.168.0.0 from DHCP server 192.168.0.1 is its subnet's own"},
      {0xC0A800FF, "gateway 192.168.0.255 from DHCP server 192.168.0.1 is its subnet's br"},
      {kLeased, "gateway 192.168.0.23 from DHCP server 192.168.0.1 is our own address"},
      {0x0A000001, "gateway 10.0.0.1 from DHCP server 192.168.0.1 is neither on our subnet"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.words);
    const std::string text = meet({{kRouter, word(one.gateway)}});
    CHECK(address() == kLeased);
    CHECK(gateway() == 0);
    CHECK(contains(text, std::string("net0: ") + one.words));
    CHECK(contains(text, ": not used\n"));
    CHECK(contains(text,
                   "net0: 192.168.0.23/24 (dhcp, lease 120 s)\n"
                   "net0: no gateway\n"));
    CHECK_FALSE(client().interface.attachment().report().has_way_out);
  }
}

TEST_CASE("of several gateways the first possible one is used") {
  Bytes routers = word(kLeased);
  for (const std::uint32_t router : {0xC0A80002U, 0xC0A80003U}) {
    const Bytes more = word(router);
    routers.insert(routers.end(), more.begin(), more.end());
  }
  meet({{kRouter, routers}});
  CHECK(gateway() == 0xC0A80002);
  CHECK(client().interface.attachment().report().has_way_out);
}

// RFC 2131, 4.4.5.
TEST_CASE("renewal times out of order become 1/2 and 7/8 of the lease") {
  struct Case {
    std::uint32_t lease, t1, t2;
    bool is_good;
  };
  constexpr std::uint32_t kEver = 0xFFFFFFFF;
  const Case cases[] = {
      {800, 300, 600, true}, {800, 600, 300, false},  {800, 900, 950, false},
      {800, 0, 600, false},  {800, 300, 800, false},  {800, 300, kEver, false},
      {800, 300, 0, false},  {kEver, 300, 600, true}, {kEver, kEver, kEver, true},
  };
  for (const auto& [time, t1, t2, is_good] : cases) {
    CAPTURE(t1);
    CAPTURE(t2);
    const std::string text = meet({{kLeaseTime, word(time)}, {kT1, word(t1)}, {kT2, word(t2)}});
    CHECK(address() == kLeased);
    CHECK(state().offered_t1_renew == (is_good ? t1 : 400));
    CHECK(state().offered_t2_rebind == (is_good ? t2 : 700));
    CHECK(contains(text, " s are used\n") != is_good);
  }
  meet({{kLeaseTime, word(0xF0000000)}});  // no sum of it overflows
  CHECK(state().offered_t2_rebind == 0xD2000000);
}

TEST_CASE("the MTU goes with the lease") {
  meet({{kMtu, {1400 >> 8, 1400 & 0xFF}}});
  CHECK(client().interface.attachment().netif().mtu == 1400);
  meet({});
  CHECK(client().interface.attachment().netif().mtu == 1500);
  meet({{kMtu, {0x23, 0x28}}});  // 9000, more than the device's
  CHECK(client().interface.attachment().netif().mtu == 1500);
  meet({{kMtu, {0, 68}}});  // too small for any host (RFC 791, 3.1)
  CHECK(client().interface.attachment().netif().mtu == 1500);
}

TEST_CASE("nothing beyond a message's end is read, however it is cut or corrupted") {
  std::vector<std::byte> whole(240);
  const auto add = [&](std::initializer_list<int> bytes) {
    for (const int byte : bytes) whole.push_back(static_cast<std::byte>(byte));
  };
  whole[16] = std::byte{10}, whole[19] = std::byte{7};
  whole[236] = std::byte{0x63}, whole[237] = std::byte{0x82};
  whole[238] = std::byte{0x53}, whole[239] = std::byte{0x63};
  whole[44] = std::byte{121}, whole[45] = std::byte{62};
  add({51, 4, 0, 0, 1, 0, 54, 4, 10, 0, 0, 1, 1, 4, 255, 0, 0, 0, 52, 1, 3, 26, 2, 5, 0});
  add({121, 14, 32, 10, 0, 0, 1, 0, 0, 0, 0, 0, 10, 0, 0, 1, 3, 4, 10, 0, 0, 1, 255});
  netstack::Complaints complaints;
  std::uint32_t seed = 1;
  const auto random = [&] { return (seed = seed * 1664525 + 1013904223) >> 8; };
  std::size_t leases = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::byte> message(whole.begin(),
                                   whole.begin() + static_cast<long>(random() % whole.size() + 1));
    for (std::uint32_t spoilt = random() % 4; spoilt > 0; --spoilt) {
      message[random() % message.size()] = static_cast<std::byte>(random());
    }
    if (const auto read = netstack::DhcpMessage::read(message)) {
      leases += netstack::read_lease(*read, complaints).has_value() ? 1U : 0U;
    }
  }
  CHECK(leases > 100);
  CHECK(count(printed(), "\n") < 40);
}

TEST_CASE("each reason is printed once a minute, however often it occurs") {
  restart();
  advance(milliseconds(60'000));
  for (int i = 0; i < 100; ++i) {
    restart();
    client();
    run(1, [](const Message& message) { return lease(message, {}, 0xC0A800FF); });
  }
  CHECK(client().interface.attachment().report().dhcp.unusable >= 100);
  CHECK(count(printed(), "refused") <= 1);
}
