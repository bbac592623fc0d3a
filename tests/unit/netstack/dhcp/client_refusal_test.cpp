// A DHCP client whose requests are refused again and again.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/netstack/dhcp_world.hpp"

using namespace mote;
using namespace mote::world;
using namespace mote::world::dhcp;

namespace {

// The times at which messages of a type were sent.
std::vector<std::uint64_t> times(const std::vector<Message>& messages, std::uint8_t type) {
  std::vector<std::uint64_t> found;
  for (const Message& message : messages) {
    if (message.type == type) found.push_back(message.at_ms);
  }
  return found;
}

std::optional<Answer> willing(const Message& message) { return lease(message); }

// Makes an offer, then refuses the request for it.
std::optional<Answer> refusing(const Message& message) {
  return message.type == kDiscover ? lease(message) : refusal();
}

std::size_t refusals() { return client().interface.attachment().report().dhcp.refusals; }

}  // namespace

// Found as a storm: 15,000 messages in 5 s between one lwIP client and two servers that disagree.
// RFC 2131, 4.1.
TEST_CASE("a client whose requests are all refused waits longer and longer") {
  static const std::string longest(63, 'h');  // RFC 1035, 2.3.4
  client(longest.c_str());
  const auto messages = run(600, refusing);
  CHECK(address() == 0);
  const auto asked = times(messages, kDiscover);
  CHECK(asked.size() >= 10);
  CHECK(asked.size() <= 14);
  CHECK(messages.size() == 2 * asked.size());
  std::uint64_t expected = 4000;
  for (std::size_t i = 1; i < asked.size(); ++i) {
    const std::uint64_t waited = asked[i] - asked[i - 1];
    CHECK(waited >= expected - 1500);  // the timer's tick is half a second
    CHECK(waited <= expected + 1600);
    expected = std::min<std::uint64_t>(2 * expected, 64'000);
  }
  const std::string text = printed();
  CHECK(count(text, "net0: DHCP server 192.168.0.1 refuses our request, asking anew\n") <= 10);
  CHECK(count(text, "net0: DHCP server 192.168.0.1 refuses our request, asking anew\n") >= 5);
  CHECK(count(text, "still asking") == 0);
  CHECK(refusals() == asked.size());
}

TEST_CASE("delays are randomized") {
  restart();
  const auto asked = times(run(1200, silence), kDiscover);
  std::vector<std::uint64_t> waits;
  for (std::size_t i = 6; i < asked.size(); ++i) waits.push_back(asked[i] - asked[i - 1]);
  REQUIRE(waits.size() >= 8);
  std::ranges::sort(waits);
  CHECK(waits.front() != waits.back());
  CHECK(waits.front() >= 62'500);
  CHECK(waits.back() <= 65'600);
}

// As with a forgotten second "authoritative" server on the wire (dnsmasq, ISC dhcpd).
TEST_CASE("a refusal by a server that wasn't asked is ignored") {
  restart();
  bool is_first = true;
  const auto messages = run(20, [&](const Message& message) -> std::optional<Answer> {
    if (message.type == kDiscover) return lease(message);
    const bool refuses = std::exchange(is_first, false);
    return refuses ? refusal(0xC0A80063) : lease(message);
  });
  // The request is repeated, then acknowledged.
  CHECK(times(messages, kDiscover).size() == 1);
  CHECK(times(messages, kRequest).size() == 2);
  CHECK(address() == kLeased);
}

TEST_CASE("an acknowledgement that answers no request is ignored") {
  restart();
  const auto messages = run(5, [&](const Message& message) -> std::optional<Answer> {
    if (message.type != kDiscover) return std::nullopt;
    Answer answer = lease(message);
    answer.type = kAck;
    return answer;
  });
  CHECK(times(messages, kRequest).empty());
  CHECK(address() == 0);
}

TEST_CASE("a request without an answer is repeated for a minute, then discovery starts again") {
  restart();
  const auto messages = run(200, [](const Message& message) -> std::optional<Answer> {
    return message.type == kDiscover ? std::optional(lease(message)) : std::nullopt;
  });
  const auto asked = times(messages, kDiscover);
  const auto requested = times(messages, kRequest);
  REQUIRE(asked.size() >= 3);
  CHECK(asked.size() <= 4);
  CHECK(asked[1] - asked[0] >= 54'000);
  CHECK(asked[1] - asked[0] <= 66'000);
  CHECK(requested.size() >= 12);
  CHECK(requested.size() <= 16);
}

TEST_CASE("a client moved to another network asks there at once") {
  restart();
  run(10, willing);
  REQUIRE(address() == kLeased);
  run(100, willing);  // long enough for earlier refusals to be forgotten
  client().device.link = false;
  run(2, willing);
  client().device.link = true;
  printed();
  const auto messages = run(5, [](const Message& message) -> std::optional<Answer> {
    const auto wanted = option(message.options, 50);
    if (message.type == kRequest && wanted == word(kLeased)) return refusal(0x0A000001);
    return lease(message, {{kServerIdentifier, word(0x0A000001)}, {kRouter, word(0x0A000001)}},
                 0x0A000005);
  });
  CHECK(messages.size() == 3);
  CHECK(address() == 0x0A000005);
}

// Servers of two networks on one wire, whose refusals and leases alternate.
TEST_CASE("an address that is refused as soon as it is leased makes no storm") {
  restart();
  const auto messages = run(300, [](const Message& message) -> std::optional<Answer> {
    const bool renews = message.type == kRequest && message.client_address != 0;
    return renews ? refusal() : lease(message, {{kLeaseTime, word(2)}});
  });
  CHECK(messages.size() < 40);
}

TEST_CASE("an unusable acknowledgement counts as a refusal") {
  restart();
  const auto messages = run(120, [](const Message& message) -> std::optional<Answer> {
    if (message.type == kDiscover) return lease(message);
    return lease(message, {}, 0xFFFFFFFF);
  });
  CHECK(address() == 0);
  CHECK(messages.size() <= 14);
  CHECK(contains(printed(),
                 "net0: 255.255.255.255/24 from DHCP server 192.168.0.1 is the "
                 "broadcast address: refused\n"));
}

TEST_CASE("an unusable renewal leaves the lease unchanged") {
  restart();
  for (int i = 0; i < 80 && address() == 0; ++i) run(1, willing);
  REQUIRE(address() == kLeased);
  run(200, [](const Message& message) { return lease(message, {}, 0x7F000001); });
  CHECK(address() == 0);  // it ended after two minutes
  const std::string text = printed();
  CHECK(contains(text,
                 "net0: 127.0.0.1/24 from DHCP server 192.168.0.1 is a loopback address: "
                 "refused\n"));
  CHECK(count(text, "127.0.0.1") <= 4);
}

// RFC 2131, 4.4.5: renew with the server that answered.
TEST_CASE("a client rebound by another server renews with that one") {
  constexpr std::uint32_t kOther = 0xC0A80063;
  stations.push_back(kOther);
  restart();
  for (int i = 0; i < 80 && address() == 0; ++i) run(1, willing);
  REQUIRE(address() == kLeased);
  const auto messages = run(200, [&](const Message& message) -> std::optional<Answer> {
    if (message.destination == kServer) return {};
    return lease(message, {{kServerIdentifier, word(kOther)}});
  });
  CHECK(address() == kLeased);
  CHECK(std::ranges::count(messages, kOther, &Message::destination) >= 1);
}

TEST_CASE("an address expires with its lease even if the link was down meanwhile") {
  restart();
  for (int i = 0; i < 80 && address() == 0; ++i) run(1, willing);
  REQUIRE(address() == kLeased);
  client().device.link = false;
  run(2, silence);
  client().device.link = true;
  run(20, silence);
  CHECK(address() == kLeased);
  run(120, silence);
  CHECK(address() == 0);
}
