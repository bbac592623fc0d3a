// The classifier: every echo length, every reason to refuse, and frames of noise.
#include "netstack/interface/classifier.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "netstack/wire/checksum.hpp"
#include "tests/unit/netstack/interface/judged_frame.hpp"

using namespace mote;
using namespace mote::netstack;

TEST_CASE("checksums agree with the textbook's for every length and any content") {
  std::mt19937 random(1);
  for (std::size_t length = 0; length < 200; ++length) {
    std::vector<std::uint8_t> bytes(length);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random() % 3 == 0 ? 0xFF : random());
    const std::uint16_t sum = ones_sum(std::as_bytes(std::span(bytes)));
    const Be16 expected{static_cast<std::uint16_t>(~plain_checksum(bytes))};
    CHECK(sum == expected.raw());
  }
}

TEST_CASE("an incremental update agrees with a full sum") {
  std::mt19937 random(2);
  for (int round = 0; round < 10'000; ++round) {
    std::array<std::uint16_t, 5> words;
    for (auto& word : words) word = static_cast<std::uint16_t>(random());
    const auto sum_of = [&] { return ones_sum(std::as_bytes(std::span(words))); };
    const auto before = static_cast<std::uint16_t>(~sum_of());
    const std::uint16_t old_word = words[round % 5];
    words[round % 5] = static_cast<std::uint16_t>(random());
    CHECK(checksum_updated(before, old_word, words[round % 5]) ==
          static_cast<std::uint16_t>(~sum_of()));
  }
}

TEST_CASE("echo requests of every length are answered in place") {
  for (std::size_t payload = 0; payload <= 1472; ++payload) {
    for (const std::size_t padding : {0UZ, 18UZ}) {
      Frame request = echo_request(payload, padding);
      const std::vector<std::uint8_t> sent = request.bytes;
      const Decision decision = request.judge();
      REQUIRE(decision.fate == Fate::kReply);
      CHECK(decision.reply_bytes == std::max<std::size_t>(60, 42 + payload));
      CHECK(request.ethernet().destination == kPeerMac);
      CHECK(request.ethernet().source == kHost.mac);
      CHECK(request.ip().source == kHost.address.value);
      CHECK(request.ip().destination == kPeer);
      CHECK(request.ip().time_to_live == 64);
      CHECK(request.ip().flags_and_offset == 0);
      CHECK(request.ip().total_bytes == 28 + payload);
      CHECK(plain_checksum({request.bytes.data() + 14, 20}) == 0);
      CHECK(plain_checksum({request.bytes.data() + 34, 8 + payload}) == 0);
      CHECK(request.echo().type == IcmpEcho::kReply);
      CHECK(std::memcmp(request.bytes.data() + 38, sent.data() + 38, 4 + payload) == 0);
      for (std::size_t i = 42 + payload; i < decision.reply_bytes; ++i) {
        REQUIRE(request.bytes[i] == 0);
      }
    }
  }
}

TEST_CASE("replies' checksums are right for any identifiers and flags") {
  std::mt19937 random(3);
  for (int round = 0; round < 20'000; ++round) {
    Frame frame = echo_request(random() % 64);
    frame.ip().identification = static_cast<std::uint16_t>(random());
    frame.ip().flags_and_offset = random() % 2 == 0 ? 0x4000 : 0;
    frame.ip().time_to_live = static_cast<std::uint8_t>(random());
    frame.ip().source = 0x0A000000 | (random() & 0xFFFF) | 0x10000;
    frame.echo().identifier = static_cast<std::uint16_t>(random());
    frame.echo().sequence = static_cast<std::uint16_t>(random());
    frame.seal_ip();
    frame.seal_echo();
    REQUIRE(frame.judge().fate == Fate::kReply);
    CHECK(plain_checksum({frame.bytes.data() + 14, 20}) == 0);
    CHECK(plain_checksum({frame.bytes.data() + 34, frame.ip().total_bytes - 20U}) == 0);
  }
}

TEST_CASE("a flipped bit anywhere under a checksum is noticed") {
  const Frame good = echo_request(56);
  for (std::size_t bit = 14 * 8; bit < good.bytes.size() * 8; ++bit) {
    Frame frame = good;
    frame.bytes[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    const Fate fate = fate_of(frame);
    const bool refused = fate == Fate::kBadChecksum || fate == Fate::kBadHeader;
    const bool other_type = bit / 8 == 34 && fate == Fate::kUp;  // lwIP verifies those
    CHECK((refused || other_type));
  }
}

TEST_CASE("requests that must not be answered are dropped") {
  const auto with = [](auto change, bool seal = true) {
    Frame frame = echo_request(56);
    change(frame);
    if (seal) frame.seal_ip();
    return fate_of(frame);
  };
  const auto from = [&](std::uint32_t source) {
    return with([=](Frame& frame) { frame.ip().source = source; });
  };
  CHECK(from(0) == Fate::kBadSource);
  CHECK(from(0x00010203) == Fate::kBadSource);
  CHECK(from(0x7F000001) == Fate::kBadSource);
  CHECK(from(0xE0000001) == Fate::kBadSource);
  CHECK(from(0xF0000001) == Fate::kReply);  // 240/4 is used inside some clouds
  CHECK(from(0xFFFFFFFF) == Fate::kBadSource);
  CHECK(from(0x0A0002FF) == Fate::kBadSource);  // the subnet's broadcast address: a smurf attack
  CHECK(from(kHost.address.value) == Fate::kBadSource);
  CHECK(from(0x0A000303) == Fate::kReply);

  const auto to = [&](std::uint32_t destination) {
    return with([=](Frame& frame) { frame.ip().destination = destination; });
  };
  CHECK(to(0xFFFFFFFF) == Fate::kEchoToGroup);
  CHECK(to(0x0A0002FF) == Fate::kEchoToGroup);
  CHECK(to(0x0A000210) == Fate::kUp);  // perhaps another interface's: lwIP knows
  CHECK(to(0xE0000001) == Fate::kMulticast);

  CHECK(with([](Frame& f) { f.ethernet().destination.octets.fill(0xFF); }) ==
        Fate::kUnicastToGroup);
  CHECK(with([](Frame& f) { f.ethernet().source.octets[0] |= 1; }) == Fate::kBadSource);
  CHECK(with([](Frame& f) { f.ethernet().destination.octets[5] ^= 1; }) == Fate::kOtherHost);
  CHECK(with([](Frame& f) { f.ethernet().type = 0x86DD; }) == Fate::kUnknownProtocol);
  CHECK(with([](Frame& f) { f.ip().checksum = f.ip().checksum + 1; }, false) == Fate::kBadChecksum);
  CHECK(with([](Frame& f) { f.echo().checksum = f.echo().checksum + 1; }) == Fate::kBadChecksum);
}

TEST_CASE("wrong lengths are dropped") {
  const auto with_total = [](std::uint16_t total) {
    Frame frame = echo_request(56);
    frame.ip().total_bytes = total;
    frame.seal_ip();
    return fate_of(frame);
  };
  CHECK(with_total(85) == Fate::kBadHeader);  // one more than there are
  CHECK(with_total(19) == Fate::kBadHeader);
  CHECK(with_total(0) == Fate::kBadHeader);
  CHECK(with_total(27) == Fate::kShort);
  CHECK(with_total(83) == Fate::kBadChecksum);
  for (std::size_t bytes = 0; bytes < 98; ++bytes) {
    Frame frame = echo_request(56);
    frame.bytes.resize(bytes);
    const Fate fate = fate_of(frame);
    CHECK((fate == Fate::kShort || fate == Fate::kBadHeader));
  }
  for (const std::uint8_t version_and_words : {0x44, 0x55, 0x65, 0x05, 0x40}) {
    Frame frame = echo_request(56);
    frame.ip().version_and_words = version_and_words;
    CHECK(fate_of(frame) == Fate::kBadHeader);
  }
}

TEST_CASE("unusual cases go up to lwIP") {
  Frame fragment = echo_request(56);
  fragment.ip().flags_and_offset = Ipv4Header::kMoreFragments;
  fragment.seal_ip();
  CHECK(fate_of(fragment) == Fate::kUpFragment);
  fragment.ip().flags_and_offset = 185;
  fragment.seal_ip();
  CHECK(fate_of(fragment) == Fate::kUpFragment);

  Frame options = echo_request(56);
  options.ip().version_and_words = 0x46;
  options.ip().protocol = Ipv4Header::kTcp;
  std::memset(options.bytes.data() + 34, Ipv4Header::kNoOperation, 4);
  options.seal_ip();
  CHECK(fate_of(options) == Fate::kUp);

  Frame tcp = echo_request(56);
  tcp.ip().protocol = Ipv4Header::kTcp;
  tcp.seal_ip();
  CHECK(fate_of(tcp) == Fate::kUp);

  Frame reply = echo_request(56);
  reply.echo().type = IcmpEcho::kReply;
  CHECK(fate_of(reply) == Fate::kUp);

  const Host unconfigured{kHost.mac, {}, {}};
  CHECK(fate_of(echo_request(56), unconfigured) == Fate::kUp);
}

TEST_CASE("ARP goes up if it is complete") {
  Frame frame;
  frame.bytes.resize(42);
  frame.ethernet() = {kHost.mac, kPeerMac, EthernetHeader::kArp};
  frame.at<ArpPacket>(14) = {1, 0x0800, 6, 4, 1, kPeerMac, kPeer, {}, kHost.address.value};
  CHECK(fate_of(frame) == Fate::kUp);
  for (std::size_t bytes = 14; bytes < 42; ++bytes) {
    Frame cut = frame;
    cut.bytes.resize(bytes);
    CHECK(fate_of(cut) == Fate::kBadArp);
  }
  frame.at<ArpPacket>(14).hardware_bytes = 8;
  CHECK(fate_of(frame) == Fate::kBadArp);
}

TEST_CASE("a segment in several packets is judged by its first") {
  Frame frame = echo_request(1000);
  frame.ip().protocol = Ipv4Header::kTcp;
  constexpr std::size_t kFrameBytes = 14 + 20 + 60'000;
  frame.ip().total_bytes = kFrameBytes - 14;
  frame.seal_ip();
  const auto fate = [&](const Frame& start, std::size_t bytes = kFrameBytes) {
    return judge_large(std::as_bytes(std::span(start.bytes)), bytes, kHost);
  };
  CHECK(fate(frame) == Fate::kUp);
  CHECK(fate(frame, kFrameBytes - 1) == Fate::kBadHeader);  // less than the datagram
  CHECK(fate(frame, 0x1'0000) == Fate::kBadHeader);
  Frame other = frame;
  other.ethernet().destination = kPeerMac;
  CHECK(fate(other) == Fate::kOtherHost);
  other = frame;
  other.ethernet().source = MacAddress{{1, 2, 3, 4, 5, 6}};  // a group
  CHECK(fate(other) == Fate::kBadSource);
  other = frame;
  other.ethernet().type = 0x86DD;
  CHECK(fate(other) == Fate::kUnknownProtocol);
  other = frame;
  other.ip().flags_and_offset = Ipv4Header::kMoreFragments;
  other.seal_ip();
  CHECK(fate(other) == Fate::kBadHeader);
  other = frame;
  other.bytes.resize(20);
  CHECK(fate(other) == Fate::kShort);
}

TEST_CASE("noise never makes the classifier read or write outside the frame") {
  std::mt19937 random(4);
  for (int round = 0; round < 200'000; ++round) {
    Frame frame = echo_request(random() % 100);
    const std::size_t changes = random() % 6;
    for (std::size_t i = 0; i < changes; ++i) {
      frame.bytes[random() % std::min<std::size_t>(frame.bytes.size(), 42)] =
          static_cast<std::uint8_t>(random());
    }
    frame.bytes.resize(random() % 3 == 0 ? random() % (frame.bytes.size() + 1)
                                         : frame.bytes.size());
    if (frame.bytes.size() >= 34 && frame.ip().header_bytes() <= frame.bytes.size() - 14) {
      frame.seal_ip();
    }
    if (random() % 4 == 0 && frame.bytes.size() >= 12) {  // behind a priority tag
      frame.bytes.insert(frame.bytes.begin() + 12, {0x81, 0, 0x20, 0});
    }
    const Decision decision = frame.judge();
    if (decision.fate == Fate::kReply) {
      REQUIRE(decision.reply_bytes <= frame.bytes.size());
      REQUIRE(decision.reply_bytes >= 60);
    }
  }
}
