// Leased addresses that other stations have, or say that they have (RFC 5227).
#include "netstack/interface/address_conflict.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "netstack/interface/arp.hpp"
#include "netstack/limits.hpp"
#include "tests/unit/netstack/dhcp_world.hpp"

using namespace mote;
using namespace mote::world;
using namespace mote::world::dhcp;
using netstack::ArpPacket;

namespace {

constexpr MacAddress kOther{{0x02, 6, 6, 6, 6, 6}};
constexpr std::uint32_t kNext = 0xC0A80018;  // what the server gives after a DHCPDECLINE

std::optional<Answer> willing(const Message& message) { return lease(message); }

std::vector<Message> of_type(const std::vector<Message>& messages, std::uint8_t type) {
  std::vector<Message> found;
  std::ranges::copy_if(messages, std::back_inserter(found),
                       [&](const Message& message) { return message.type == type; });
  return found;
}

// Another station's ARP packet, to all.
void say(std::uint16_t operation, std::uint32_t sender, std::uint32_t target,
         const MacAddress& mac = kOther, const MacAddress& to = netstack::kEveryStation) {
  Bytes frame = arp_reply(sender, mac);
  reinterpret_cast<netstack::EthernetHeader*>(frame.data())->destination = to;
  auto& arp = *reinterpret_cast<ArpPacket*>(frame.data() + 14);
  arp.operation = operation;
  arp.target_address = target;
  client().device.receive(frame);
}

const netstack::InterfaceCounters& counters() { return client().interface.attachment().counters(); }
std::uint64_t declines() { return client().interface.attachment().report().dhcp.declines; }

// A server that gives another address after each DHCPDECLINE.
struct Server {
  std::uint32_t next = kLeased;
  std::optional<Answer> operator()(const Message& message) {
    if (message.type == kDecline) {
      ++next;
      return std::nullopt;
    }
    return lease(message, {}, next);
  }
};

// The client has just got its lease, after a peaceful one, so that earlier declines are forgotten.
void lease_anew() {
  restart();
  run(20, willing);
  REQUIRE(address() == kLeased);
  run(61, willing);  // the console may complain again
  restart();
  for (int i = 0; i < 10 && address() == 0; ++i) run(1, willing);
  REQUIRE(address() == kLeased);
}

}  // namespace

// RFC 5227, 2.1.1 and 2.3, but that the address is used meanwhile.
TEST_CASE("a new address is probed for three times, then announced twice") {
  client();
  restart();
  arp_sent();
  const auto messages = run(20, willing);
  CHECK(address() == kLeased);
  std::vector<ArpSent> probes;
  std::vector<ArpSent> announcements;
  for (const ArpSent& sent : arp_sent()) {
    if (sent.target != kLeased) continue;
    CHECK(sent.to_all);
    CHECK(sent.operation == ArpPacket::kRequest);
    (sent.sender == 0 ? probes : announcements).push_back(sent);
  }
  REQUIRE(probes.size() == 3);
  const std::uint64_t bound = of_type(messages, kRequest).front().at_ms;
  CHECK(probes[0].at_ms - bound <= 1'000 + 1'100);  // PROBE_WAIT, and a look each second here
  for (std::size_t i = 1; i < 3; ++i) {
    CHECK(probes[i].at_ms - probes[i - 1].at_ms >= 1'000);  // PROBE_MIN
    CHECK(probes[i].at_ms - probes[i - 1].at_ms <= 3'100);  // PROBE_MAX
  }
  // The first is lwIP's, at once.
  REQUIRE(announcements.size() == 3);
  CHECK(announcements[0].at_ms < probes[0].at_ms + 100);
  CHECK(announcements[1].at_ms - probes[2].at_ms >= 2'000);         // ANNOUNCE_WAIT
  CHECK(announcements[2].at_ms - announcements[1].at_ms >= 2'000);  // ANNOUNCE_INTERVAL
  CHECK(counters().address_conflicts == 0);
}

// RFC 2131, 3.1 (5) and 4.4.4, table 5.
TEST_CASE("a leased address that another answers for is declined") {
  lease_anew();
  const auto before = declines();
  Server server;
  SUBCASE("by a reply") { say(ArpPacket::kReply, kLeased, 0); }
  SUBCASE("by an announcement") { say(ArpPacket::kRequest, kLeased, kLeased); }
  SUBCASE("by any request") { say(ArpPacket::kRequest, kLeased, kServer); }
  SUBCASE("by a probe of its own") { say(ArpPacket::kRequest, 0, kLeased); }
  const auto messages = run(30, std::ref(server));
  CHECK(declines() == before + 1);
  const auto declined = of_type(messages, kDecline);
  REQUIRE(declined.size() == 1);
  CHECK(declined[0].destination == 0xFFFFFFFF);
  CHECK(declined[0].client_address == 0);
  CHECK(option(declined[0].options, 50) == word(kLeased));
  CHECK(option(declined[0].options, kServerIdentifier) == word(kServer));
  const auto asked = of_type(messages, kDiscover);
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].at_ms - declined[0].at_ms >= 10'000);
  CHECK(asked[0].at_ms - declined[0].at_ms <= 11'600);
  CHECK(address() == kNext);
  const std::string text = printed();
  CHECK(count(text, "net0: 192.168.0.23 is in use by 02:06:06:06:06:06: declined\n") == 1);
  CHECK(count(text, "net0: address lost, asking DHCP again\n") == 1);
  CHECK(count(text, "net0: 192.168.0.24/24 via 192.168.0.1 (dhcp, lease 120 s)\n") == 1);
}

TEST_CASE("our own frames that come back are no conflict, nor is what others say of others") {
  lease_anew();
  const auto before = counters().address_conflicts;
  say(ArpPacket::kRequest, 0, kLeased, kMachineMac);
  say(ArpPacket::kReply, kLeased, kLeased, kMachineMac);
  say(ArpPacket::kRequest, kServer, kLeased, kServerMac);
  say(ArpPacket::kRequest, 0, kNext);
  say(ArpPacket::kRequest, 0, kLeased, kOther, kMachineMac);  // as a switch asks
  const auto messages = run(20, willing);
  CHECK(of_type(messages, kDecline).empty());
  CHECK(counters().address_conflicts == before);
  CHECK(address() == kLeased);
}

TEST_CASE("a forger that answers each probe can't keep us without an address") {
  lease_anew();
  Server server;
  std::size_t declined = 0;
  arp_sent();
  for (int second = 0; second < 300; ++second) {
    if (address() != 0) say(ArpPacket::kReply, address(), 0);
    declined += of_type(run(1, std::ref(server)), kDecline).size();
    if (second > 60) REQUIRE(address() == kLeased + limits::kDeclines);
  }
  CHECK(declined == limits::kDeclines);
  // Kept and defended, once in ten seconds (RFC 5227, 2.4).
  const auto sent = arp_sent();
  const auto defences = std::ranges::count_if(sent, [](const ArpSent& arp) {
    return arp.sender == kLeased + limits::kDeclines && arp.target == arp.sender;
  });
  CHECK(defences <= 30);
  CHECK(defences >= 20);
  const std::string text = printed();
  CHECK(count(text, "is in use by 02:06:06:06:06:06, too, as were 3 leases before: kept\n") == 1);
  CHECK(count(text, "is in use by 02:06:06:06:06:06, too: kept\n") <= 5);
}

// RFC 5227, 2.4 (c): whoever can send two ARP packets must not be able to end connections.
TEST_CASE("an address that was announced is kept, and defended once in ten seconds") {
  lease_anew();
  run(20, willing);
  const auto before = declines();
  arp_sent();
  for (int i = 0; i < 100; ++i) {
    say(ArpPacket::kRequest, kLeased, kLeased);
    say(ArpPacket::kReply, kLeased, kServer);
    run(1, willing);
    REQUIRE(address() == kLeased);
  }
  CHECK(declines() == before);
  std::vector<ArpSent> defences;
  for (const ArpSent& sent : arp_sent()) {
    if (sent.sender == kLeased && sent.target == kLeased) defences.push_back(sent);
  }
  CHECK(defences.size() == 10);
  for (std::size_t i = 1; i < defences.size(); ++i) {
    CHECK(defences[i].at_ms - defences[i - 1].at_ms >= 10'000);
  }
  CHECK(count(printed(), "net0: 192.168.0.23 is in use by 02:06:06:06:06:06, too: kept\n") == 2);
}

TEST_CASE("a probe for an address in use is answered, and is no conflict (RFC 5227, 2.4)") {
  lease_anew();
  run(20, willing);
  const auto before = counters().address_conflicts;
  arp_sent();
  say(ArpPacket::kRequest, 0, kLeased);
  run(1, willing);
  const auto sent = arp_sent();
  CHECK(std::ranges::any_of(sent, [](const ArpSent& arp) {
    return arp.operation == ArpPacket::kReply && arp.sender == kLeased;
  }));
  CHECK(counters().address_conflicts == before);
}

TEST_CASE("a link that flaps opens no door to a lease in use") {
  lease_anew();
  run(20, willing);
  const auto before = declines();
  client().device.link = false;
  run(2, willing);
  client().device.link = true;
  arp_sent();
  run(1, willing);
  for (int i = 0; i < 20; ++i) {
    say(ArpPacket::kReply, kLeased, 0);
    CHECK(of_type(run(1, willing), kDecline).empty());
    REQUIRE(address() == kLeased);
  }
  CHECK(declines() == before);
}

TEST_CASE("after the link is back the address is probed for and announced again") {
  lease_anew();
  run(20, willing);
  client().device.link = false;
  run(2, willing);
  client().device.link = true;
  arp_sent();
  run(20, willing);
  const auto sent = arp_sent();
  CHECK(std::ranges::count_if(sent, [](const ArpSent& arp) {
          return arp.sender == 0 && arp.target == kLeased;
        }) == 3);
  CHECK(address() == kLeased);
}
