// A DHCP client among forgers: answers that are somebody else's, or from somebody else.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

#include "tests/unit/netstack/dhcp_world.hpp"

using namespace mote;
using namespace mote::world;
using namespace mote::world::dhcp;

namespace {

constexpr std::uint32_t kForger = 0xC0A80063;  // 192.168.0.99
constexpr std::uint32_t kForged = 0xC0A80042;  // the address that it gives

std::size_t unusable() { return client().interface.attachment().report().dhcp.unusable; }

std::size_t sent(const std::vector<Message>& messages, std::uint8_t type) {
  return static_cast<std::size_t>(std::ranges::count(messages, type, &Message::type));
}

// The first answer to each type of message is spoilt; then the server is honest.
std::vector<Message> run_spoilt(std::uint32_t seconds, const std::function<void(Answer&)>& spoil) {
  std::vector<std::uint8_t> met;
  return run(seconds, [&](const Message& message) -> std::optional<Answer> {
    const bool is_first = std::ranges::find(met, message.type) == met.end();
    Answer answer = lease(message, {}, is_first ? kForged : kLeased);
    if (is_first) {
      met.push_back(message.type);
      spoil(answer);
    }
    return answer;
  });
}

// RFC 2131, 4.1 and 4.4.1: each message has its transaction, and its client's hardware address.
void is_deaf_to(const std::function<void(Answer&)>& spoil) {
  restart();
  const auto messages = run_spoilt(30, spoil);
  CHECK(sent(messages, kDiscover) == 2);
  CHECK(sent(messages, kRequest) == 2);
  CHECK(address() == kLeased);
  CHECK_FALSE(contains(printed(), "192.168.0.66"));
}

}  // namespace

TEST_CASE("answers of other transactions are ignored") {
  for (const std::uint32_t off : {1U, 0x80000000U, 0xFFFFFFFFU}) {
    is_deaf_to([&](Answer& answer) { answer.transaction_off = off; });
  }
}

TEST_CASE("answers to other clients are ignored") {
  for (const std::size_t octet : {0U, 5U}) {
    is_deaf_to([&](Answer& answer) { answer.client.octets.at(octet) ^= 1; });
  }
}

TEST_CASE("an acknowledgement by a server that wasn't asked is ignored") {
  restart();
  const std::size_t before = unusable();
  bool is_first = true;
  const auto messages = run(20, [&](const Message& message) -> std::optional<Answer> {
    if (message.type == kRequest && is_first) {
      is_first = false;
      return lease(message, {{kServerIdentifier, word(kForger)}, {kRouter, word(kForger)}},
                   kForged);
    }
    return lease(message);
  });
  CHECK(sent(messages, kDiscover) == 1);
  CHECK(sent(messages, kRequest) == 2);
  CHECK(address() == kLeased);
  CHECK(unusable() == before + 1);
  CHECK(contains(printed(),
                 "net0: DHCP server 192.168.0.99 acknowledges what another was asked for: "
                 "not used\n"));
}

// Until T2 one server is asked, after that all are (RFC 2131, 4.4.5).
TEST_CASE("a renewal is the asked server's matter") {
  restart();
  run(10, [](const Message& message) { return std::optional(lease(message)); });
  REQUIRE(address() == kLeased);
  const auto forging = [](const Message& message) -> std::optional<Answer> {
    if (message.destination != kServer) return std::nullopt;
    return lease(message, {{kServerIdentifier, word(kForger)}, {kRouter, word(kForger)}});
  };
  CHECK(sent(run(90, forging), kRequest) >= 1);
  CHECK(ip4_addr_get_u32(netif_ip4_gw(&client().interface.attachment().netif())) ==
        lwip_htonl(kServer));
}
