// Resets in answer to segments that belong to no connection: an honest client gets its own at once,
// and nobody makes the machine send many.
#include "netstack/tcp/resets.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <vector>

#include "netstack/limits.hpp"
#include "netstack/stats.hpp"
#include "tests/unit/netstack/segments.hpp"
#include "tests/unit/netstack/tcp_server.hpp"

using namespace mote;
using namespace mote::world;
using netstack::reset_counters;

namespace {

constexpr std::uint32_t kVictim = 0xCB007107;  // 203.0.113.7
constexpr std::uint32_t kHonest = 0xC6336401;  // 198.51.100.1
constexpr unsigned kForgedAMillisecond = 60;

// Fills every share again.
void rest() {
  advance(milliseconds(10'000));
  settle(server());
  server().device.wire.clear();
}

// What belongs to no connection: an ACK or a SYN-ACK to the listener, a SYN or text to a closed
// port. A reset answers each.
Segment stray(std::uint32_t source, unsigned number) {
  const auto port = static_cast<std::uint16_t>(1024 + number % 60'000);
  switch (number % 4) {
    case 0:
      return {.source = source, .port = port, .flags = kAck, .acknowledgement = number};
    case 1:
      return {.source = source, .port = port, .flags = kSyn | kAck};
    case 2:
      return {.source = source, .port = port, .service = 81, .flags = kSyn};
    default:
      return {.source = source, .port = port, .service = 22, .flags = kAck, .text = {1}};
  }
}

// The resets that the machine has sent, by whom to.
std::map<std::uint32_t, std::size_t> resets_sent() {
  settle(server());
  server().interface.turn();
  std::map<std::uint32_t, std::size_t> sent;
  for (const Bytes& frame : server().device.wire) {
    if (is_ipv4(frame) && (flags_of(frame) & kRst) != 0) ++sent[ipv4_of(frame).destination];
  }
  server().device.wire.clear();
  return sent;
}

std::size_t resets_for(const Segment& segment) {
  REQUIRE(server().device.receive(segment.frame()));
  return resets_sent()[segment.source];
}

// Strays of one address until its share is used up.
void use_up(std::uint32_t address) {
  unsigned number = 0;
  while (resets_for(stray(address, number)) != 0) ++number;
}

}  // namespace

TEST_CASE("what belongs to no connection is reset at once, however many come") {
  rest();
  const std::uint64_t before = reset_counters().sent;
  for (unsigned number = 0; number < limits::kResetBurst; ++number) {
    CHECK(resets_for(stray(kHonest, number)) == 1);  // a proxy's connections, after a restart
  }
  CHECK(reset_counters().sent == before + limits::kResetBurst);
  CHECK(resets_for({.source = kHonest + 1, .flags = kRst}) == 0);
}

TEST_CASE("a flood in one address's name is answered by few resets, and others get theirs") {
  rest();
  const auto before = reset_counters();
  unsigned number = 0;
  std::size_t to_victim = 0;
  unsigned served = 0;
  constexpr unsigned kSeconds = 2;
  for (unsigned time = 0; time < 1000 * kSeconds; ++time) {
    for (unsigned i = 0; i < kForgedAMillisecond; ++i) {
      REQUIRE(server().device.receive(stray(kVictim, number++).frame()));
    }
    to_victim += resets_sent()[kVictim];
    if (time % 20 == 15) served += resets_for(stray(kHonest + time, time)) == 1 ? 1U : 0U;
    advance(milliseconds(1));
  }
  CHECK(to_victim >= limits::kResetBurst + kSeconds * limits::kResetsASecond - kSeconds);
  CHECK(to_victim <= limits::kResetBurst + kSeconds * limits::kResetsASecond + kSeconds);
  CHECK(served >= 90);  // of 100: the others share its bucket
  CHECK(reset_counters().sent - before.sent == to_victim + served);
  CHECK(reset_counters().withheld - before.withheld == number + 100 - to_victim - served);
}

TEST_CASE("a flood in everybody's name is answered by a bounded number of resets") {
  rest();
  std::mt19937 random(5);
  const std::uint64_t before = reset_counters().sent;
  constexpr unsigned kSeconds = 2;
  for (unsigned time = 0; time < 1000 * kSeconds; ++time) {
    for (unsigned i = 0; i < kForgedAMillisecond; ++i) {
      const auto source = 0x0B000000 | (static_cast<std::uint32_t>(random()) & 0x5FFFFFFF);
      REQUIRE(server().device.receive(stray(source, static_cast<unsigned>(random())).frame()));
    }
    resets_sent();
    advance(milliseconds(1));
  }
  const std::uint64_t sent = reset_counters().sent - before;
  CHECK(sent <= limits::kResetShares * (limits::kResetBurst + kSeconds * limits::kResetsASecond));
  CHECK(resets_for(stray(kHonest, 0)) + resets_for(stray(kHonest + 1, 1)) <= 2);
  advance(milliseconds(50));
  CHECK(resets_for(stray(kHonest, 0)) == 1);
}

TEST_CASE("who shares with whom changes by the minute") {
  const auto sharers = [] {
    rest();
    use_up(kVictim);
    std::vector<std::uint32_t> found;
    for (std::uint32_t address = kHonest; address < kHonest + 320; ++address) {
      if (resets_for(stray(address, 2)) == 0) found.push_back(address);
    }
    return found;
  };
  std::vector<std::uint32_t> left = sharers();
  CHECK(left.size() >= 2);
  CHECK(left.size() <= 30);
  for (int minute = 0; minute < 4; ++minute) {
    advance(milliseconds(60'000));
    const std::vector<std::uint32_t> now = sharers();
    std::erase_if(
        left, [&](std::uint32_t address) { return std::ranges::find(now, address) == now.end(); });
  }
  CHECK(left.empty());
}

// RFC 9293, 3.10.7.4: a wrong ACK in SYN-RECEIVED is answered with a reset.
TEST_CASE("wrong ACKs in a handshake are as few resets") {
  rest();
  const Segment syn{.source = kHonest, .port = 3000, .sequence = 99};
  const Bytes syn_ack = answers_to(syn.frame()).at(0);
  Segment wrong{.source = kHonest, .port = 3000, .flags = kAck, .sequence = 100};
  std::size_t resets = 0;
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    wrong.acknowledgement = tcp_of(syn_ack).sequence + 2 + i;
    resets += resets_for(wrong);
  }
  CHECK(resets == limits::kResetBurst);
}
