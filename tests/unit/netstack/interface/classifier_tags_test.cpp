// The parts that the classifier removes from frames: priority tags and IP options.
#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "netstack/interface/classifier.hpp"
#include "tests/unit/netstack/interface/judged_frame.hpp"

using namespace mote;
using namespace mote::netstack;

namespace {

// `frame` behind a tag. Cisco's UCS tags all frames to VMs with priority 0, and so do hosts with
// quality of service switched on: Linux netdev, "handle 802.1P vlan 0 packets properly".
Frame tagged(Frame frame, std::uint16_t control, std::uint16_t type = VlanTag::kType) {
  const VlanTag tag{type, control};
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(&tag);
  frame.bytes.insert(frame.bytes.begin() + 12, bytes, bytes + sizeof tag);
  return frame;
}

}  // namespace

TEST_CASE("a priority tag is ignored, and answers have none") {
  for (const std::uint16_t priority : {0x0000, 0xE000, 0x1000, 0xF000}) {
    for (const std::size_t payload : {0UZ, 56UZ, 1472UZ}) {
      Frame plain = echo_request(payload);
      Frame frame = tagged(plain, priority);
      const Decision decision = frame.judge();
      REQUIRE(decision.fate == Fate::kReply);
      const Decision expected = plain.judge();
      REQUIRE(decision.reply_bytes == expected.reply_bytes);
      CHECK(std::memcmp(frame.bytes.data(), plain.bytes.data(), decision.reply_bytes) == 0);
    }
  }
  Frame fragment = echo_request(56);
  fragment.ip().flags_and_offset = 185;
  fragment.seal_ip();
  CHECK(fate_of(tagged(fragment, 0)) == Fate::kUpFragment);
  Frame arp;
  arp.bytes.resize(42);
  arp.ethernet() = {kHost.mac, kPeerMac, EthernetHeader::kArp};
  arp.at<ArpPacket>(14) = {1, 0x0800, 6, 4, 1, kPeerMac, kPeer, {}, kHost.address.value};
  Frame tagged_arp = tagged(arp, 0x2000);
  CHECK(tagged_arp.judge().fate == Fate::kUp);
  CHECK(tagged_arp.ethernet().type == EthernetHeader::kArp);
  for (std::size_t bytes = 14; bytes < 46; ++bytes) {
    Frame cut = tagged(arp, 0);
    cut.bytes.resize(bytes);
    const Fate fate = fate_of(cut);
    CHECK((fate == Fate::kUnknownProtocol || fate == Fate::kBadArp));
  }
  CHECK(fate_of(tagged(echo_request(56), 0x0000, EthernetHeader::kIpv4)) == Fate::kBadHeader);
}

TEST_CASE("frames of a VLAN are not ours, whatever tag precedes it") {
  const Frame frame = echo_request(56);
  for (const std::uint16_t identifier : {1, 2, 100, 4094, 4095}) {
    CHECK(fate_of(tagged(frame, identifier)) == Fate::kUnknownProtocol);
    CHECK(fate_of(tagged(tagged(frame, identifier), 0)) == Fate::kUnknownProtocol);
  }
  CHECK(fate_of(tagged(tagged(frame, 0), 0)) == Fate::kUnknownProtocol);
  CHECK(fate_of(tagged(frame, 0, VlanTag::kServiceType)) == Fate::kUnknownProtocol);
  CHECK(fate_of(tagged(tagged(frame, 0, VlanTag::kServiceType), 0)) == Fate::kUnknownProtocol);
  Frame other = tagged(frame, 0);
  other.at<Be16>(16) = 0x86DD;
  CHECK(fate_of(other) == Fate::kUnknownProtocol);
}

namespace {

// An echo request with IP options; their size must be a multiple of four.
Frame with_options(std::size_t payload, const std::vector<std::uint8_t>& options) {
  Frame frame = echo_request(payload);
  frame.bytes.insert(frame.bytes.begin() + 34, options.begin(), options.end());
  frame.ip().version_and_words = static_cast<std::uint8_t>(0x45 + options.size() / 4);
  frame.ip().total_bytes = static_cast<std::uint16_t>(28 + options.size() + payload);
  frame.seal_ip();
  return frame;
}

// The option that iputils' `ping -R` or `ping -T tsonly` sends, with room for nine addresses or
// times.
std::vector<std::uint8_t> record(std::vector<std::uint8_t> head) {
  head.resize(40);
  return head;
}

}  // namespace

TEST_CASE("echo requests with a record of route or times get a reply without one") {
  for (const auto& options : {record({1, 7, 39, 4}), record({68, 40, 5, 0}), record({68, 36, 5, 1}),
                              record({1, 1, 1, 1}), record({0, 255, 1, 1}), record({200, 40})}) {
    for (const std::size_t payload : {0UZ, 56UZ, 1432UZ}) {
      Frame plain = echo_request(payload);
      Frame frame = with_options(payload, options);
      const Decision decision = frame.judge();
      REQUIRE(decision.fate == Fate::kReply);
      REQUIRE(decision.reply_bytes == plain.judge().reply_bytes);
      CHECK(std::memcmp(frame.bytes.data(), plain.bytes.data(), decision.reply_bytes) == 0);
    }
  }
}

TEST_CASE("no datagram goes up with options, and no source-routed one at all") {
  Frame fragment = with_options(56, record({1, 7, 39, 4}));
  fragment.ip().flags_and_offset = Ipv4Header::kMoreFragments;
  fragment.seal_ip();
  CHECK(fragment.judge().fate == Fate::kUpFragment);
  CHECK(fragment.ip().version_and_words == 0x45);
  CHECK(fragment.ip().total_bytes == 84);
  CHECK(plain_checksum({fragment.bytes.data() + 14, 20}) == 0);

  CHECK(fate_of(with_options(56, {131, 7, 4, 10, 0, 2, 9, 0})) == Fate::kSourceRoute);
  CHECK(fate_of(with_options(56, {1, 137, 7, 4, 10, 0, 2, 9})) == Fate::kSourceRoute);
  Frame spent = with_options(56, {131, 7, 8, 10, 0, 2, 9, 0});  // the source route is used up
  CHECK(spent.judge().fate == Fate::kSourceRoute);
  Frame tcp = with_options(56, {131, 7, 8, 10, 0, 2, 9, 0});
  tcp.ip().protocol = Ipv4Header::kTcp;
  tcp.seal_ip();
  CHECK(judge_large(std::as_bytes(std::span(tcp.bytes)), tcp.bytes.size(), kHost) ==
        Fate::kSourceRoute);
  for (const std::vector<std::uint8_t>& options : std::initializer_list<std::vector<std::uint8_t>>{
           {7, 0, 0, 0}, {7, 1, 0, 0}, {7, 5, 4, 0}, {1, 1, 1, 7}, {1, 1, 68, 3}}) {
    CHECK(fate_of(with_options(56, options)) == Fate::kBadHeader);
  }
}
