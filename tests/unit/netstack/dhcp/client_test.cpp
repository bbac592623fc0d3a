// DHCP from the first DISCOVER to the lease's end, against a server made here.
#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "netstack/sender/block.hpp"
#include "netstack/stack.hpp"
#include "tests/unit/netstack/dhcp_world.hpp"

using namespace mote;
using namespace mote::world;
using namespace mote::world::dhcp;

namespace {

std::vector<Message> run_willing(std::uint32_t seconds, std::uint32_t lease_s = 120,
                                 std::uint16_t mtu = 0) {
  return run(seconds, [&](const Message& message) {
    Bytes mtu_bytes;
    if (mtu != 0) mtu_bytes = {static_cast<std::uint8_t>(mtu >> 8), static_cast<std::uint8_t>(mtu)};
    return lease(message, {{kLeaseTime, word(lease_s)}, {kMtu, mtu_bytes}});
  });
}

// Makes an offer, then refuses the request for it.
std::optional<Answer> refuse(const Message& message) {
  return message.type == kDiscover ? lease(message) : refusal();
}

}  // namespace

TEST_CASE("without a server it keeps asking, and says so once a minute") {
  const auto messages = run(1000, silence);
  CHECK(address() == 0);
  // RFC 2131, 4.1: after 4, 8, 16 and 32 seconds, then every 64, all give or take a second.
  CHECK(messages.size() > 17);
  CHECK(messages.size() < 22);
  CHECK(std::ranges::all_of(messages, [](const Message& m) { return m.type == kDiscover; }));
  const Bytes& options = messages.back().options;
  const auto requested = option(options, kParameters);
  REQUIRE(requested.has_value());
  CHECK(std::ranges::count(*requested, kMtu) == 1);
  const std::string text = printed();
  CHECK(contains(text, "net0: fake-net 52:54:00:00:00:01, link up\n"));
  CHECK(count(text, "still asking") == 16);
}

TEST_CASE("a server that comes up late is found within 65 seconds") {
  const auto messages = run_willing(67, 86400, 1400);
  CHECK(address() == kLeased);
  const std::string text = printed();
  CHECK(contains(text, "net0: 192.168.0.23/24 via 192.168.0.1 (dhcp, lease 86400 s)\n"));
  CHECK(client().interface.attachment().netif().mtu == 1400);
  const auto request = std::ranges::find(messages, kRequest, &Message::type);
  REQUIRE(request != messages.end());
  const auto name = option(request->options, kHostName);
  REQUIRE(name.has_value());
  CHECK(std::string(name->begin(), name->end()) == "tester");
}

TEST_CASE("a name that a lease gives doesn't replace the one set") {
  restart();
  const auto messages = run(10, [](const Message& message) {
    return lease(message, {{kHostName, {'o', 't', 'h', 'e', 'r'}}});
  });
  REQUIRE(address() == kLeased);
  REQUIRE(!messages.empty());
  CHECK(option(messages.front().options, kHostName) == Bytes{'t', 'e', 's', 't', 'e', 'r'});
  CHECK(netstack::leased_host_name().empty());
  CHECK(!contains(printed(), "host: "));
}

TEST_CASE("when the link comes back it asks for the same address again") {
  client().device.link = false;
  run_willing(2);
  CHECK(contains(printed(), "net0: link down\n"));
  client().device.link = true;
  const auto messages = run_willing(10, 120);
  CHECK(contains(printed(), "net0: link up\n"));
  REQUIRE(!messages.empty());
  CHECK(messages[0].type == kRequest);
  CHECK(option(messages[0].options, 50) == Bytes{0xC0, 0xA8, 0, 23});
  CHECK(address() == kLeased);
}

TEST_CASE("a lease is renewed after half of its time, by unicast") {
  const auto messages = run_willing(200, 120);
  CHECK(messages.size() >= 3);
  CHECK(messages.size() <= 4);
  for (const Message& message : messages) {
    CHECK(message.type == kRequest);
    CHECK(message.client_address == kLeased);
    CHECK(message.destination == kServer);
  }
  CHECK(address() == kLeased);
}

TEST_CASE("a refused renewal ends the lease, and discovery starts again") {
  std::vector<Message> messages;
  for (int i = 0; i < 80 && address() != 0; ++i) {
    const auto more = run(1, refuse);
    messages.insert(messages.end(), more.begin(), more.end());
  }
  CHECK(address() == 0);
  CHECK(contains(printed(), "net0: address lost, asking DHCP again\n"));
  run_willing(20, 120);
  CHECK(address() == kLeased);
}

TEST_CASE("a lease without renewal expires") {
  printed();
  const auto messages = run(95, silence);
  CHECK(address() == kLeased);
  const bool rebinding = std::ranges::any_of(
      messages, [](const Message& m) { return m.type == kRequest && m.destination == 0xFFFFFFFF; });
  CHECK(rebinding);
  run(30, silence);
  CHECK(address() == 0);
  CHECK(contains(printed(), "net0: address lost, asking DHCP again\n"));
  run_willing(20);
  CHECK(address() == kLeased);
}

TEST_CASE("a lease that is renewed again and again does not expire") {
  run_willing(10, 120);
  run_willing(120, 0xFFFFFFFF);
  CHECK(contains(printed(), "net0: 192.168.0.23/24 via 192.168.0.1"));
  const auto messages = run(1000, silence);
  CHECK(messages.empty());
  CHECK(address() == kLeased);
}

TEST_CASE("replies that no peer acknowledges do not keep a lease from being renewed") {
  client().device.link = false;
  run(2, silence);
  client().device.link = true;
  run_willing(20, 120);
  REQUIRE(address() == kLeased);
  constexpr std::size_t kHeld = netstack::blocks::kOwnBlocks;
  std::vector<netstack::Block*> unacknowledged;
  while (netstack::Block* block = netstack::blocks::take(kHeld)) unacknowledged.push_back(block);
  REQUIRE(unacknowledged.size() > 100);
  const auto messages = run_willing(200, 120);
  CHECK(messages.size() >= 3);
  CHECK(address() == kLeased);
  for (netstack::Block* block : unacknowledged) netstack::blocks::give_back(*block, kHeld + 1);
}
