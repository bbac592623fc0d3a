// DHCP from the first DISCOVER to the lease's end, against a server made here.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "netstack/heap.hpp"
#include "netstack/send_room.hpp"
#include "netstack/stack.hpp"
#include "tests/unit/ample_arena.hpp"
#include "tests/unit/netstack_world.hpp"

using namespace mote;
using namespace mote::world;
using netstack::EthernetHeader;
using netstack::Ipv4Header;
using netstack::UdpHeader;

namespace {

constexpr MacAddress kServerMac{{2, 0, 0, 0, 0, 9}};
constexpr std::uint32_t kServerAddress = 0xC0A80001;
constexpr std::uint32_t kLeased = 0xC0A80017;

// Message types (RFC 2132, 9.6).
enum : std::uint8_t { kDiscover = 1, kOffer = 2, kRequest = 3, kAck = 5, kNak = 6 };

struct Message {
  std::uint8_t type = 0;
  std::uint32_t transaction = 0;
  std::uint32_t client_address = 0;
  std::uint32_t destination = 0;
  Bytes options;  // from the first on, without the magic cookie
};

std::uint32_t word(const Bytes& bytes, std::size_t at) {
  return static_cast<std::uint32_t>(bytes.at(at) << 24 | bytes.at(at + 1) << 16 |
                                    bytes.at(at + 2) << 8 | bytes.at(at + 3));
}

// The value of an option, or nothing.
std::optional<Bytes> option(const Bytes& options, std::uint8_t wanted) {
  for (std::size_t at = 0; at + 1 < options.size() && options[at] != 255;) {
    if (options[at] == 0) {
      ++at;
      continue;
    }
    const auto first = options.begin() + static_cast<long>(at) + 2;
    if (options[at] == wanted) return Bytes(first, first + options[at + 1]);
    at += 2U + options[at + 1];
  }
  return std::nullopt;
}

// A frame as a client's DHCP message, or nothing.
std::optional<Message> parse(const Bytes& frame) {
  if (frame.size() < 282 || frame[12] != 8 || frame[13] != 0 || frame[23] != 17) return {};
  if (frame[36] != 0 || frame[37] != 67) return {};
  const std::size_t udp_bytes = static_cast<std::size_t>(frame[38]) << 8 | frame[39];
  CHECK(plain_checksum({frame.data() + 34, udp_bytes},
                       pseudo_sum(word(frame, 26), word(frame, 30), 17, udp_bytes)) == 0);
  Message message;
  message.transaction = word(frame, 46);
  message.client_address = word(frame, 54);
  message.destination = word(frame, 30);
  message.options.assign(frame.begin() + 282, frame.end());
  message.type = option(message.options, 53)->at(0);
  return message;
}

struct Lease {
  std::uint32_t seconds = 120;
  std::uint16_t mtu = 0;
};

// What the server answers. Broadcast, as to a client without an address.
Bytes answer(const Message& message, std::uint8_t type, Lease lease) {
  Bytes dhcp(240);
  dhcp[0] = 2;
  dhcp[1] = 1;
  dhcp[2] = 6;
  const auto put = [&](std::size_t at, std::uint32_t value) {
    for (std::size_t i = 0; i < 4; ++i) {
      dhcp[at + i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
    }
  };
  put(4, message.transaction);
  put(16, type == kNak ? 0 : kLeased);
  std::ranges::copy(kMachineMac.octets, dhcp.begin() + 28);
  put(236, 0x63825363);
  const auto add = [&](std::uint8_t code, std::uint32_t value) {
    const std::size_t at = dhcp.size() + 2;
    dhcp.insert(dhcp.end(), {code, 4, 0, 0, 0, 0});
    put(at, value);
  };
  dhcp.insert(dhcp.end(), {53, 1, type});
  add(54, kServerAddress);
  if (type != kNak) {
    add(51, lease.seconds);
    add(1, 0xFFFFFF00);
    add(3, kServerAddress);
    if (lease.mtu != 0) {
      dhcp.insert(dhcp.end(), {26, 2, static_cast<std::uint8_t>(lease.mtu >> 8),
                               static_cast<std::uint8_t>(lease.mtu)});
    }
  }
  dhcp.push_back(255);

  Bytes frame(42);
  auto& ethernet = *reinterpret_cast<EthernetHeader*>(frame.data());
  auto& ip = *reinterpret_cast<Ipv4Header*>(frame.data() + 14);
  auto& udp = *reinterpret_cast<UdpHeader*>(frame.data() + 34);
  ethernet = {{{255, 255, 255, 255, 255, 255}}, kServerMac, EthernetHeader::kIpv4};
  ip = {0x45,           0,         static_cast<std::uint16_t>(28 + dhcp.size()), 1, 0, 64, 17, 0,
        kServerAddress, 0xFFFFFFFF};
  ip.checksum = plain_checksum({frame.data() + 14, 20});
  udp = {67, 68, static_cast<std::uint16_t>(8 + dhcp.size()), 0};
  frame.insert(frame.end(), dhcp.begin(), dhcp.end());
  return frame;
}

Machine& client() {
  static Machine* const the = [] {
    auto* made = new Machine{Device({.mac = kMachineMac}), {}};
    REQUIRE(netstack::set_up(ample_arena(), kAmplePlan));
    netstack::initialize();
    REQUIRE(made->interface.attach(made->device, 0, {.host_name = "tester"}));
    return made;
  }();
  return *the;
}

enum class Server : std::uint8_t { kSilent, kWilling, kRefusing };

// Runs the world for a while; gives back the client's messages.
std::vector<Message> run(std::uint32_t seconds, Server server, Lease lease = {}) {
  Machine& m = client();
  std::vector<Message> messages;
  for (std::uint32_t tick = 0; tick < seconds * 10; ++tick) {
    advance(milliseconds(100));
    settle(m);
    m.interface.turn();
    for (; !m.device.wire.empty(); m.device.wire.pop_front()) {
      const Bytes& frame = m.device.wire.front();
      if (frame[13] == 6 && word(frame, 38) == kServerAddress) {
        Bytes reply = arp_reply(kServerAddress, kServerMac);
        reply[38] = 0xC0, reply[39] = 0xA8, reply[40] = 0, reply[41] = 0x17;
        m.device.receive(reply);
      }
      const auto message = parse(frame);
      if (!message) continue;
      messages.push_back(*message);
      if (server == Server::kSilent) continue;
      const std::uint8_t type = message->type == kDiscover    ? kOffer
                                : server == Server::kRefusing ? kNak
                                                              : kAck;
      m.device.receive(answer(*message, type, lease));
    }
    if (tick % 10 == 9) m.interface.second(clock::now());
  }
  return messages;
}

std::uint32_t address() { return client().interface.host().address.value; }

bool contains(const std::string& text, std::string_view words) {
  return text.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("without a server it keeps asking, and says so once a minute") {
  const auto messages = run(1000, Server::kSilent);
  CHECK(address() == 0);
  CHECK(messages.size() > 50);
  CHECK(messages.size() < 80);
  CHECK(std::ranges::all_of(messages, [](const Message& m) { return m.type == kDiscover; }));
  const Bytes& options = messages.back().options;
  const auto requested = option(options, 55);
  REQUIRE(requested.has_value());
  CHECK(std::ranges::count(*requested, 26) == 1);
  const std::string text = printed();
  CHECK(contains(text, "net0: fake-net 52:54:00:00:00:01, link up\n"));
  std::size_t complaints = 0;
  for (std::size_t at = 0; (at = text.find("still asking", at)) != std::string::npos; ++at) {
    ++complaints;
  }
  CHECK(complaints == 16);
}

TEST_CASE("a server that comes up late is found within seconds") {
  const auto messages = run(20, Server::kWilling, {.seconds = 86400, .mtu = 1400});
  CHECK(address() == kLeased);
  const std::string text = printed();
  CHECK(contains(text, "net0: 192.168.0.23/24 via 192.168.0.1 (dhcp, lease 86400 s)\n"));
  CHECK(client().interface.netif().mtu == 1400);
  const auto request = std::ranges::find(messages, kRequest, &Message::type);
  REQUIRE(request != messages.end());
  const auto name = option(request->options, 12);
  REQUIRE(name.has_value());
  CHECK(std::string(name->begin(), name->end()) == "tester");
}

TEST_CASE("when the link comes back it asks for the same address again") {
  client().device.link = false;
  run(2, Server::kWilling);
  CHECK(contains(printed(), "net0: link down\n"));
  client().device.link = true;
  const auto messages = run(10, Server::kWilling, {.seconds = 120});
  CHECK(contains(printed(), "net0: link up\n"));
  REQUIRE(!messages.empty());
  CHECK(messages[0].type == kRequest);
  CHECK(option(messages[0].options, 50) == Bytes{0xC0, 0xA8, 0, 23});
  CHECK(address() == kLeased);
}

TEST_CASE("a lease is renewed at half of its time, by unicast") {
  const auto messages = run(200, Server::kWilling, {.seconds = 120});
  CHECK(messages.size() >= 3);
  CHECK(messages.size() <= 4);
  for (const Message& message : messages) {
    CHECK(message.type == kRequest);
    CHECK(message.client_address == kLeased);
    CHECK(message.destination == kServerAddress);
  }
  CHECK(address() == kLeased);
}

TEST_CASE("a refused renewal ends the lease, and it starts anew") {
  std::vector<Message> messages;
  for (int i = 0; i < 80 && address() != 0; ++i) {
    const auto more = run(1, Server::kRefusing);
    messages.insert(messages.end(), more.begin(), more.end());
  }
  CHECK(address() == 0);
  CHECK(contains(printed(), "net0: address lost, asking DHCP again\n"));
  run(20, Server::kWilling, {.seconds = 120});
  CHECK(address() == kLeased);
}

TEST_CASE("a lease that nobody renews expires") {
  printed();
  const auto messages = run(95, Server::kSilent);
  CHECK(address() == kLeased);
  const bool rebinding = std::ranges::any_of(
      messages, [](const Message& m) { return m.type == kRequest && m.destination == 0xFFFFFFFF; });
  CHECK(rebinding);
  run(30, Server::kSilent);
  CHECK(address() == 0);
  CHECK(contains(printed(), "net0: address lost, asking DHCP again\n"));
  run(20, Server::kWilling);
  CHECK(address() == kLeased);
}

TEST_CASE("a lease renewed without end does not expire") {
  run(10, Server::kWilling, {.seconds = 120});
  run(120, Server::kWilling, {.seconds = 0xFFFFFFFF});
  CHECK(contains(printed(), "net0: 192.168.0.23/24 via 192.168.0.1"));
  const auto messages = run(1000, Server::kSilent);
  CHECK(messages.empty());
  CHECK(address() == kLeased);
}

TEST_CASE("text that no peer acknowledges does not keep a lease from being renewed") {
  client().device.link = false;
  run(2, Server::kSilent);
  client().device.link = true;
  run(20, Server::kWilling, {.seconds = 120});
  REQUIRE(address() == kLeased);
  std::vector<void*> texts;
  while (netstack::has_text_room()) {
    texts.push_back(netstack::heap::allocate(600));
    REQUIRE(texts.back() != nullptr);
  }
  const auto messages = run(200, Server::kWilling, {.seconds = 120});
  CHECK(messages.size() >= 3);
  CHECK(address() == kLeased);
  for (void* text : texts) netstack::heap::free(text);
}
