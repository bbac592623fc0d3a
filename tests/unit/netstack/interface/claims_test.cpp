// Stations that claim a neighbour's address: thieves, who are refused while the owner answers, and
// successors, who are followed when it doesn't.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "lwip/udp.h"
#include "netstack/limits.hpp"
#include "tests/unit/netstack/neighbours.hpp"

using namespace mote;
using namespace mote::world;
using netstack::ArpPacket;
using netstack::EthernetHeader;

namespace {

constexpr std::uint32_t kFar = 0xCB007105;     // beyond the gateway, which is the peer
constexpr std::uint32_t kFriend = 0x0A000040;  // a neighbour
constexpr MacAddress kThief{{0x02, 6, 6, 6, 6, 6}};
constexpr MacAddress kSuccessor{{0x02, 7, 7, 7, 7, 7}};
constexpr MacAddress kAll{{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}};

std::uint64_t now_ms() { return clock::now().value / 1'000'000; }

// An ARP packet from `mac` that says it has `address`.
Bytes claim(std::uint16_t operation, const MacAddress& to, std::uint32_t address,
            const MacAddress& mac, std::uint32_t target) {
  Bytes frame = arp_reply(address, mac);
  reinterpret_cast<EthernetHeader*>(frame.data())->destination = to;
  auto& arp = *reinterpret_cast<ArpPacket*>(frame.data() + 14);
  arp.operation = operation;
  arp.target_address = target;
  arp.target_mac = operation == ArpPacket::kReply ? to : MacAddress{};
  return frame;
}

Bytes announcement(std::uint32_t address, const MacAddress& mac) {
  return claim(ArpPacket::kRequest, kAll, address, mac, address);
}

// A machine's link with the stations that are alive on it: they answer ARP for their addresses.
struct Link {
  struct Question {
    std::uint64_t at_ms;
    MacAddress to;
    std::uint32_t sender;
  };
  Machine& machine;
  std::map<std::uint32_t, MacAddress> owners;
  std::vector<Question> questions;  // of the machine
  std::vector<Bytes> datagrams;

  // Takes what the machine has sent.
  void listen() {
    settle(machine);
    machine.interface.turn();
    for (; !machine.device.wire.empty(); machine.device.wire.pop_front()) {
      const Bytes& frame = machine.device.wire.front();
      if (is_ipv4(frame)) {
        datagrams.push_back(frame);
        continue;
      }
      const auto& arp = *reinterpret_cast<const ArpPacket*>(frame.data() + 14);
      if (arp.operation != ArpPacket::kRequest) continue;
      const MacAddress to = ethernet_of(frame).destination;
      questions.push_back({now_ms(), to, arp.sender_address});
      const auto owner = owners.find(arp.target_address);
      if (owner == owners.end() || (to != kAll && to != owner->second)) continue;
      machine.device.receive(
          claim(ArpPacket::kReply, kMachineMac, owner->first, owner->second, arp.sender_address));
    }
  }

  void hear(const Bytes& frame) {
    machine.device.receive(frame);
    listen();
  }

  // Where the machine sends what is for `destination`.
  MacAddress way_to(std::uint32_t destination) {
    listen();
    datagrams.clear();
    struct udp_pcb* const pcb = udp_new();
    const ip_addr_t address = IPADDR4_INIT(lwip_htonl(destination));
    struct pbuf* const text = pbuf_alloc(PBUF_TRANSPORT, 40, PBUF_RAM);
    udp_sendto_if(pcb, text, &address, 9, &machine.interface.attachment().netif());
    pbuf_free(text);
    udp_remove(pcb);
    listen();
    return datagrams.empty() ? MacAddress{} : ethernet_of(datagrams.back()).destination;
  }

  [[nodiscard]] const netstack::InterfaceCounters& counters() const {
    return machine.interface.attachment().counters();
  }
  [[nodiscard]] long asked(const MacAddress& station) const {
    return std::ranges::count(questions, station, &Question::to);
  }
};

// Lets time pass on all links, with looks four times a second.
void run(std::initializer_list<Link*> links, unsigned milliseconds_to_run) {
  for (unsigned i = 0; i < milliseconds_to_run; i += 10) {
    advance(milliseconds(10));
    for (Link* link : links) {
      if (now_ms() / 10 % 25 == 0) link->machine.interface.tend(clock::now());
      link->listen();
    }
  }
}

// Knows its gateway and the friend, after a time in which nothing was claimed.
Link link_at_peace() {
  static const ip4_addr_t network = {lwip_htonl(0xFFFFFF00)};
  netif_set_netmask(&machine().interface.attachment().netif(), &network);
  Link link{machine(), {{kPeerAddress, kPeerMac}, {kFriend, mac_of(kFriend)}}, {}, {}};
  etharp_cleanup_netif(&link.machine.interface.attachment().netif());
  run({&link}, 61'000);  // the console may complain again
  REQUIRE(link.way_to(kFar) == MacAddress{});
  REQUIRE(link.way_to(kFriend) == MacAddress{});
  run({&link}, 10);
  REQUIRE(link.way_to(kFar) == kPeerMac);
  REQUIRE(link.way_to(kFriend) == mac_of(kFriend));
  link.questions.clear();
  printed();
  return link;
}

std::size_t lines_with(const std::string& text, std::string_view words) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(words, at)) != std::string::npos; ++at) ++found;
  return found;
}

}  // namespace

TEST_CASE("the gateway's address isn't stolen, whatever ARP packet claims it") {
  const std::vector<std::pair<std::string, Bytes>> claims = {
      {"gratuitous request", announcement(kPeerAddress, kThief)},
      {"gratuitous reply", claim(ArpPacket::kReply, kAll, kPeerAddress, kThief, kPeerAddress)},
      {"unicast reply", arp_reply(kPeerAddress, kThief)},
      {"request for us", arp_request_from(kPeerAddress, kThief)},
      {"request for another", claim(ArpPacket::kRequest, kAll, kPeerAddress, kThief, kFriend)}};
  for (const auto& [name, frame] : claims) {
    CAPTURE(name);
    Link link = link_at_peace();
    const auto refused = link.counters().claims_refused;
    link.hear(frame);
    CHECK(link.way_to(kFar) == kPeerMac);
    run({&link}, 5'000);
    CHECK(link.way_to(kFar) == kPeerMac);
    CHECK(link.counters().claims_refused == refused + 1);
    // Its owner was asked by unicast (RFC 1122, 2.3.2.1 (2)), once since it answered.
    REQUIRE(link.questions.size() == 1);
    CHECK(link.questions[0].to == kPeerMac);
    CHECK(link.questions[0].sender == kMachineAddress);
    CHECK(printed() ==
          "net0: gateway 10.0.0.2 is claimed by 02:06:06:06:06:06, but 52:54:00:00:00:02 "
          "still has it: not believed\n");
  }
}

// The thief learns our address, as anybody who asks; he gets nothing else.
TEST_CASE("a request in the gateway's name is answered where it came from (RFC 826)") {
  link_at_peace();
  const auto answers = answers_to(arp_request_from(kPeerAddress, kThief));
  CHECK(std::ranges::any_of(answers, [](const Bytes& frame) {
    return ethernet_of(frame).destination == kThief &&
           reinterpret_cast<const ArpPacket*>(frame.data() + 14)->operation == ArpPacket::kReply;
  }));
}

TEST_CASE("a flood of claims changes nothing, and causes one question a second") {
  Link link = link_at_peace();
  const auto refused = link.counters().claims_refused;
  constexpr unsigned kSeconds = 150;
  for (unsigned i = 0; i < kSeconds * 100; ++i) {
    link.hear(announcement(i % 2 == 0 ? kPeerAddress : kFriend, mac_of(i % 100)));
    run({&link}, 10);
    if (i % 10 == 0) {
      REQUIRE(link.way_to(kFar) == kPeerMac);
      REQUIRE(link.way_to(kFriend) == mac_of(kFriend));
    }
  }
  CHECK(link.counters().claims_refused == refused + kSeconds * 100);
  for (const MacAddress& station : {kPeerMac, mac_of(kFriend)}) {
    CHECK(link.asked(station) <= kSeconds + 1);
    CHECK(link.asked(station) >= kSeconds - 1);
  }
  CHECK(link.asked(kAll) == 0);
  const std::string text = printed();  // one line a minute
  CHECK(lines_with(text, "net0: gateway 10.0.0.2 is claimed by ") == 3);
  CHECK(lines_with(text, "not believed\n") == 6);
}

// A router that fails over to another with a MAC of its own, or a virtual machine that has a new
// NIC: it announces itself once.
TEST_CASE("a neighbour that has really moved is followed in three seconds") {
  for (const std::uint32_t neighbour : {kPeerAddress, kFriend}) {
    Link link = link_at_peace();
    const auto moved = link.counters().neighbours_moved;
    const std::uint32_t destination = neighbour == kPeerAddress ? kFar : kFriend;
    const MacAddress before = link.owners[neighbour];
    link.owners[neighbour] = kSuccessor;
    run({&link}, 130);  // not at a look
    const std::uint64_t start = now_ms();
    link.hear(announcement(neighbour, kSuccessor));
    CHECK(link.way_to(destination) == before);
    while (link.way_to(destination) == before && now_ms() < start + 10'000) run({&link}, 10);
    CHECK(link.way_to(destination) == kSuccessor);
    CHECK(now_ms() - start >= 3'000);
    CHECK(now_ms() - start <= 3'250);
    CHECK(link.asked(before) == limits::kArpPolls);
    CHECK(link.asked(kAll) == 1);
    for (std::size_t i = 1; i < limits::kArpPolls; ++i) {
      CHECK(link.questions[i].at_ms - link.questions[i - 1].at_ms >= 750);
    }
    CHECK(link.counters().neighbours_moved == moved + 1);
    CHECK(printed().find(", which is silent, to 02:07:07:07:07:07\n") != std::string::npos);
    run({&link}, 10'000);
    CHECK(link.way_to(destination) == kSuccessor);
    CHECK(link.counters().neighbours_moved == moved + 1);
  }
}

TEST_CASE("one answer to the last question suffices") {
  Link link = link_at_peace();
  link.owners.erase(kPeerAddress);
  link.hear(announcement(kPeerAddress, kThief));
  run({&link}, 2'500);
  REQUIRE(link.asked(kPeerMac) == limits::kArpPolls);
  link.owners[kPeerAddress] = kPeerMac;
  link.hear(arp_reply(kPeerAddress, kPeerMac));
  run({&link}, 5'000);
  link.hear(announcement(kPeerAddress, kThief));
  CHECK(link.way_to(kFar) == kPeerMac);
}

TEST_CASE("a claim within a second of the owner's answer is looked into, too") {
  Link link = link_at_peace();
  link.hear(announcement(kPeerAddress, kSuccessor));
  run({&link}, 100);
  REQUIRE(link.asked(kPeerMac) == 1);
  link.owners[kPeerAddress] = kSuccessor;
  link.hear(announcement(kPeerAddress, kSuccessor));
  CHECK(link.asked(kPeerMac) == 1);
  run({&link}, 4'500);
  CHECK(link.way_to(kFar) == kSuccessor);
}

TEST_CASE("the address of a station that has gone stays until someone claims it") {
  Link link = link_at_peace();
  link.owners.erase(kPeerAddress);
  link.hear(announcement(kPeerAddress, kThief));  // and is gone, too
  run({&link}, 10'000);
  CHECK(link.way_to(kFar) == kPeerMac);
  CHECK(link.asked(kPeerMac) == limits::kArpPolls);
  SUBCASE("another") {
    link.hear(announcement(kPeerAddress, kSuccessor));
    CHECK(link.way_to(kFar) == kSuccessor);
  }
  SUBCASE("or itself") {
    link.owners[kPeerAddress] = kPeerMac;
    link.hear(announcement(kPeerAddress, kPeerMac));
    link.hear(announcement(kPeerAddress, kThief));
    CHECK(link.way_to(kFar) == kPeerMac);
    run({&link}, 5'000);
    CHECK(link.way_to(kFar) == kPeerMac);
  }
}

// Nothing tells which of two answers is the owner's.
TEST_CASE("of two answers to the question for an unknown neighbour the first counts") {
  Link link = link_at_peace();
  etharp_cleanup_netif(&link.machine.interface.attachment().netif());
  link.machine.interface.tend(clock::now());
  link.owners.erase(kFriend);
  REQUIRE(link.way_to(kFriend) == MacAddress{});
  link.owners[kFriend] = kSuccessor;
  link.hear(arp_reply(kFriend, kSuccessor));
  link.hear(arp_reply(kFriend, kThief));
  run({&link}, 5'000);
  CHECK(link.way_to(kFriend) == kSuccessor);
}

TEST_CASE("a question that can't be sent isn't held against the station") {
  Link link = link_at_peace();
  link.machine.device.stuck = true;
  link.machine.device.ring = 0;
  for (int i = 0; i < 50; ++i) {
    advance(milliseconds(100));
    const auto refused = link.counters().tx_refused;
    while (link.counters().tx_refused == refused) link.way_to(kFriend);
    link.hear(announcement(kPeerAddress, kThief));
  }
  link.machine.device.stuck = false;
  link.machine.device.ring = 256;
  run({&link}, 5'000);
  CHECK(link.way_to(kFar) == kPeerMac);
}

TEST_CASE("claims on two interfaces are looked into apart") {
  Link first = link_at_peace();
  static Machine* const other = [] {
    auto* made = new Machine{Device({.mac = kMachineMac}), {}};
    REQUIRE(made->interface.attach(
        made->device, 1,
        {.address = netstack::StaticAddress{{kMachineAddress + 9}, 24, {kPeerAddress}}}));
    return made;
  }();
  Link second{*other, {{kPeerAddress, mac_of(9)}}, {}, {}};
  second.way_to(kPeerAddress);
  run({&first, &second}, 100);
  REQUIRE(second.way_to(kPeerAddress) == mac_of(9));
  second.questions.clear();
  // The same thief on both wires; behind the second one he has really taken over.
  second.owners[kPeerAddress] = kThief;
  for (int i = 0; i < 50; ++i) {
    first.hear(announcement(kPeerAddress, kThief));
    second.hear(announcement(kPeerAddress, kThief));
    run({&first, &second}, 100);
    REQUIRE(first.way_to(kFar) == kPeerMac);
  }
  CHECK(second.way_to(kPeerAddress) == kThief);
  CHECK(first.asked(mac_of(9)) == 0);
  CHECK(second.asked(kPeerMac) == 0);
  CHECK(second.asked(mac_of(9)) == limits::kArpPolls);
  CHECK(second.questions[0].sender == kMachineAddress + 9);
}
