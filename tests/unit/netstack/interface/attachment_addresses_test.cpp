// Static addresses of every kind that a host can have, and gateways that none can have.
#include <doctest/doctest.h>

#include <string>

#include "netstack/stack.hpp"
#include "netstack/wire/host_address.hpp"
#include "tests/unit/ample_arena.hpp"
#include "tests/unit/netstack/world.hpp"

using namespace mote;
using namespace mote::world;
using netstack::fault_of_host;
using netstack::fault_on_subnet;

namespace {

unsigned interfaces = 0;

Machine& attached(netstack::StaticAddress address) {
  if (interfaces == 0) {
    REQUIRE(netstack::set_up(ample_arena(), kAmplePlan.netstack));
    netstack::initialize();
  }
  auto* made = new Machine{Device({.mac = kMachineMac}), {}};
  REQUIRE(made->interface.attach(made->device, interfaces++, {.address = address}));
  return *made;
}

constexpr std::uint8_t kIcmp = 1;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;

// Whether a host gets an answer from lwIP, since no server listens: a RST, or to a UDP datagram,
// which goes through ip4_input, "port unreachable".
bool answers(Machine& machine, std::uint32_t own, std::uint32_t host,
             std::uint8_t protocol = kTcp) {
  Bytes arp = arp_reply(host, kPeerMac);
  arp[38] = static_cast<std::uint8_t>(own >> 24), arp[39] = static_cast<std::uint8_t>(own >> 16);
  arp[40] = static_cast<std::uint8_t>(own >> 8), arp[41] = static_cast<std::uint8_t>(own);
  machine.device.receive(arp);
  Bytes payload(20);
  if (protocol == kTcp) {
    auto& tcp = *reinterpret_cast<netstack::TcpHeader*>(payload.data());
    tcp = {4000, 81, 1, 0, 0x5002, 1000, 0, 0};
    tcp.checksum = plain_checksum(payload, pseudo_sum(host, own, kTcp, 20));
  } else {
    payload = {4000 / 256, 4000 % 256, 0, 81, 0, 8, 0, 0};  // RFC 768, without a checksum
  }
  Bytes frame = ipv4_frame(protocol, payload);
  auto& ip = *reinterpret_cast<netstack::Ipv4Header*>(frame.data() + 14);
  ip.source = host;
  ip.destination = own;
  ip.checksum = 0;
  ip.checksum = plain_checksum({frame.data() + 14, 20});
  machine.device.receive(frame);
  settle(machine);
  bool answered = false;
  for (; !machine.device.wire.empty(); machine.device.wire.pop_front()) {
    const Bytes& sent = machine.device.wire.front();
    answered |= sent[13] == 0 && sent[23] == (protocol == kTcp ? kTcp : kIcmp) &&
                std::equal(sent.begin(), sent.begin() + 6, kPeerMac.octets.begin());
  }
  return answered;
}

}  // namespace

TEST_CASE("both hosts of a /31 hear each other") {
  Machine& lower = attached({{0xC0A80010}, 31, {0xC0A80011}});
  CHECK(printed().ends_with("net0: 192.168.0.16/31 via 192.168.0.17 (static)\n"));
  Machine& upper = attached({{0xC0A80021}, 31, {0xC0A80020}});
  for (const std::uint8_t protocol : {kTcp, kUdp}) {
    CAPTURE(protocol);
    CHECK(answers(lower, 0xC0A80010, 0xC0A80011, protocol));
    CHECK(answers(upper, 0xC0A80021, 0xC0A80020, protocol));
  }
}

// Some clouds use 240/4 internally (AWS, Google).
TEST_CASE("240/4 works like any other network") {
  Machine& machine = attached({{0xF0000001}, 8, {0xF0FFFFFE}});
  CHECK(answers(machine, 0xF0000001, 0xF0000002));
  CHECK_FALSE(answers(machine, 0xF0000001, 0xF0FFFFFF));
  CHECK_FALSE(answers(machine, 0xF0000001, 0xFFFFFFFF));
  CHECK(answers(machine, 0xF0000001, 0xF0FFFFFE));
}

TEST_CASE("an impossible gateway is reported, and the address is used") {
  for (const std::uint32_t gateway : {0xC0A90000U, 0xC0A900FFU, 0xC0A90001U, 0x0A000001U}) {
    if (interfaces == 8) break;
    printed();
    Machine& machine = attached({{0xC0A90001}, 24, {gateway}});
    const std::string text = printed();
    CHECK(text.find("net" + std::to_string(interfaces - 1) + ": gateway ") != std::string::npos);
    CHECK(text.find(": not used\n") != std::string::npos);
    CHECK(text.find(": 192.169.0.1/24 (static)\n") != std::string::npos);
    CHECK(text.find(": no gateway\n") != std::string::npos);
    CHECK(machine.interface.attachment().host().address.value == 0xC0A90001);
    CHECK_FALSE(machine.interface.attachment().has_way_out());
  }
}

TEST_CASE("the addresses that a host can have") {
  for (const std::uint32_t value :
       {0U, 0x00FFFFFFU, 0x7F000001U, 0x7FFFFFFFU, 0xE0000000U, 0xEFFFFFFFU, 0xFFFFFFFFU}) {
    CHECK_FALSE(fault_of_host({value}).empty());
  }
  for (const std::uint32_t value :
       {0x01000000U, 0x7EFFFFFFU, 0x80000000U, 0xDFFFFFFFU, 0xF0000000U, 0xFFFFFFFEU}) {
    CHECK(fault_of_host({value}).empty());
  }
  CHECK_FALSE(fault_on_subnet({0x0A000000}, 30).empty());
  CHECK_FALSE(fault_on_subnet({0x0A000003}, 30).empty());
  CHECK(fault_on_subnet({0x0A000000}, 31).empty());
  CHECK(fault_on_subnet({0x0A000003}, 32).empty());
}
