// A machine that is a DHCP client, and DHCP servers with policies made by tests.
#include "tests/unit/netstack/dhcp_world.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "lwip/dhcp.h"
#include "netstack/stack.hpp"
#include "tests/unit/ample_arena.hpp"

namespace mote::world::dhcp {
namespace {

using netstack::EthernetHeader;
using netstack::Ipv4Header;
using netstack::UdpHeader;

std::vector<std::uint32_t> requests;
std::vector<ArpSent> arp_packets;

// Reads a frame as a client's DHCP message, if it is one.
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
  message.at_ms = clock::now().value / 1'000'000;
  message.options.assign(frame.begin() + 282, frame.end());
  message.type = option(message.options, kType)->at(0);
  return message;
}

void append(Bytes& to, const std::vector<Option>& options) {
  for (const auto& [code, value] : options) {
    to.insert(to.end(), {code, static_cast<std::uint8_t>(value.size())});
    to.insert(to.end(), value.begin(), value.end());
  }
  to.push_back(255);
}

void put(Bytes& bytes, std::size_t at, const Bytes& what) {
  std::ranges::copy(what, bytes.begin() + static_cast<long>(at));
}

Bytes frame_of(const Message& message, const Answer& answer) {
  Bytes dhcp(240);
  dhcp[0] = 2;
  dhcp[1] = 1;
  dhcp[2] = 6;
  put(dhcp, 4, word(message.transaction + answer.transaction_off));
  put(dhcp, 16, word(answer.address));
  std::ranges::copy(answer.client.octets, dhcp.begin() + 28);
  Bytes overloaded;
  append(overloaded, answer.in_sname);
  put(dhcp, 44, overloaded);
  overloaded.clear();
  append(overloaded, answer.in_file);
  put(dhcp, 108, overloaded);
  put(dhcp, 236, word(0x63825363));
  dhcp.insert(dhcp.end(), {kType, 1, answer.type});
  append(dhcp, answer.options);

  Bytes frame(42);
  auto& ethernet = *reinterpret_cast<EthernetHeader*>(frame.data());
  auto& ip = *reinterpret_cast<Ipv4Header*>(frame.data() + 14);
  auto& udp = *reinterpret_cast<UdpHeader*>(frame.data() + 34);
  ethernet = {{{255, 255, 255, 255, 255, 255}}, kServerMac, EthernetHeader::kIpv4};
  ip = {0x45,    0,         static_cast<std::uint16_t>(28 + dhcp.size()), 1, 0, 64, 17, 0,
        kServer, 0xFFFFFFFF};
  ip.checksum = plain_checksum({frame.data() + 14, 20});
  udp = {67, 68, static_cast<std::uint16_t>(8 + dhcp.size()), 0};
  frame.insert(frame.end(), dhcp.begin(), dhcp.end());
  return frame;
}

// Answers an ARP request for a station on the link.
void answer_arp(const Bytes& frame) {
  const auto& arp = *reinterpret_cast<const netstack::ArpPacket*>(frame.data() + 14);
  arp_packets.push_back({clock::now().value / 1'000'000, arp.operation, arp.sender_address,
                         arp.target_address, frame[0] == 0xFF});
  if (frame[21] != 1) return;
  const std::uint32_t wanted = word(frame, 38);
  if (wanted != address()) requests.push_back(wanted);
  if (std::ranges::find(stations, wanted) == stations.end()) return;
  Bytes reply = arp_reply(wanted, kServerMac);
  put(reply, 38, word(address()));
  client().device.receive(reply);
}

}  // namespace

std::vector<std::uint32_t> stations = {kServer};

Answer lease(const Message& message, std::initializer_list<Option> other, std::uint32_t address) {
  Answer answer{message.type == kDiscover ? kOffer : kAck, address, {}, {}, {}, 0, kMachineMac};
  const std::vector<Option> usual = {{kServerIdentifier, word(kServer)},
                                     {kLeaseTime, word(120)},
                                     {kMask, word(0xFFFFFF00)},
                                     {kRouter, word(kServer)}};
  for (const Option& option : usual) {
    if (std::ranges::find(other, option.first, &Option::first) == other.end()) {
      answer.options.push_back(option);
    }
  }
  for (const Option& option : other) {
    if (!option.second.empty()) answer.options.push_back(option);
  }
  return answer;
}

Answer refusal(std::uint32_t server) {
  return {kNak, 0, {{kServerIdentifier, word(server)}}, {}, {}};
}

std::optional<Answer> silence(const Message& /*message*/) { return {}; }

Machine& client(const char* host_name, const netstack::Routes& routes) {
  static Machine* const the = [&] {
    auto* made = new Machine{Device({.mac = kMachineMac}), {}};
    REQUIRE(netstack::set_up(ample_arena(), kAmplePlan.netstack));
    netstack::initialize();
    REQUIRE(made->interface.attach(made->device, 0, {.host_name = host_name, .routes = routes}));
    return made;
  }();
  return *the;
}

void restart() {
  struct netif& netif = client().interface.attachment().netif();
  dhcp_release_and_stop(&netif);
  settle(client());
  client().device.wire.clear();
  requests.clear();
  dhcp_start(&netif);
  printed();
}

std::vector<Message> run(std::uint32_t seconds, const Policy& policy) {
  Machine& m = client();
  std::vector<Message> messages;
  for (std::uint32_t tick = 0; tick < seconds * 10; ++tick) {
    advance(milliseconds(100));
    settle(m);
    m.interface.turn();
    for (; !m.device.wire.empty(); m.device.wire.pop_front()) {
      const Bytes& frame = m.device.wire.front();
      if (frame[12] == 8 && frame[13] == 6) answer_arp(frame);
      const auto message = parse(frame);
      if (!message) continue;
      messages.push_back(*message);
      if (const auto answer = policy(*message)) m.device.receive(frame_of(*message, *answer));
    }
    if (tick % 10 == 9) m.interface.tend(clock::now());
  }
  return messages;
}

std::uint32_t address() { return client().interface.attachment().host().address.value; }

std::vector<std::uint32_t> asked_for() { return std::exchange(requests, {}); }

std::vector<ArpSent> arp_sent() { return std::exchange(arp_packets, {}); }

std::uint32_t word(const Bytes& bytes, std::size_t at) {
  return static_cast<std::uint32_t>(bytes.at(at) << 24 | bytes.at(at + 1) << 16 |
                                    bytes.at(at + 2) << 8 | bytes.at(at + 3));
}

Bytes word(std::uint32_t value) {
  return {static_cast<std::uint8_t>(value >> 24), static_cast<std::uint8_t>(value >> 16),
          static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}

// The value of an option, if present.
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

std::size_t count(std::string_view text, std::string_view words) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(words, at)) != std::string_view::npos; ++at) ++found;
  return found;
}

bool contains(const std::string& text, std::string_view words) {
  return text.find(words) != std::string::npos;
}

}  // namespace mote::world::dhcp
