// SYN cookies: who gets in, who doesn't, and what they are told.
#include <doctest/doctest.h>

#include <cstdint>
#include <random>
#include <vector>

#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"
#include "mote_hooks.h"
#include "tests/unit/netstack/tcp/cookie_client.hpp"

using namespace mote;
using namespace mote::world;
using netstack::cookie_counters;

TEST_CASE("a stray ACK is reset while no cookie is about") {
  server();
  CHECK(is_reset(answers_to(Segment{.flags = kAck, .sequence = 1, .acknowledgement = 1}.frame())));
}

TEST_CASE("an ACK that differs in anything from what its SYN-ACK asked for opens nothing") {
  const CookieClient client(2150);
  const auto opens_nothing = [&](const Segment& forged) {
    const auto before = cookie_counters();
    CHECK(answers_to(forged.frame()).empty());
    CHECK(connection_of(forged) == nullptr);
    CHECK(cookie_counters().accepted == before.accepted);
    CHECK(cookie_counters().refused == before.refused + 1);
  };
  for (unsigned bit = 0; bit < 32; ++bit) {
    Segment forged = client.ack;
    forged.acknowledgement ^= 1U << bit;
    opens_nothing(forged);
    forged = client.ack;
    forged.sequence ^= 1U << bit;
    opens_nothing(forged);
  }
  Segment forged = client.ack;
  forged.source += 1;
  opens_nothing(forged);
  forged = client.ack;
  forged.port += 1;
  opens_nothing(forged);
  CHECK(answers_to(client.ack.frame()).empty());
  CHECK(client.is_open());
  client.reset();
}

TEST_CASE("neither a RST nor a SYN-ACK with a cookie opens anything") {
  const CookieClient client(2160);
  Segment odd = client.ack;
  odd.flags = kRst | kAck;
  CHECK(answers_to(odd.frame()).empty());
  odd.flags = kSyn | kAck;
  CHECK(is_reset(answers_to(odd.frame())));
  CHECK_FALSE(client.is_open());
}

TEST_CASE("a hundred thousand guesses open nothing") {
  server();
  flood();
  syn_ack_for({.source = kFar, .port = 2170});
  std::mt19937 random(11);
  const auto before = cookie_counters();
  for (int i = 0; i < 100'000; ++i) {
    server().device.receive(
        Segment{.source = static_cast<std::uint32_t>(kFar ^ (random() & 0xFFFFU)),
                .port = static_cast<std::uint16_t>(random() | 1),
                .flags = kAck,
                .sequence = static_cast<std::uint32_t>(random()),
                .acknowledgement = static_cast<std::uint32_t>(random())}
            .frame());
    if (i % 64 == 0) settle(server());
  }
  settle(server());
  CHECK(server().device.wire.empty());
  CHECK(cookie_counters().accepted == before.accepted);
  CHECK(cookie_counters().refused == before.refused + 100'000);
}

TEST_CASE("a cookie is good for a minute at least, and for two at most") {
  const CookieClient early(2180);
  let_pass(59);
  flood();
  CHECK(answers_to(early.ack.frame()).empty());
  CHECK(early.is_open());
  early.reset();
  const CookieClient late(2181);
  let_pass(61);
  const CookieClient between(2182);  // so that cookies are about
  let_pass(60);
  CHECK(answers_to(late.ack.frame()).empty());
  CHECK_FALSE(late.is_open());
}

TEST_CASE("there is silence for stray ACKs until two minutes after the last cookie, then a reset") {
  const CookieClient client(2190);
  Segment stray = client.ack;
  stray.port = 2191;
  let_pass(119);
  CHECK(answers_to(stray.frame()).empty());
  let_pass(2);
  CHECK(is_reset(answers_to(stray.frame())));
  CHECK(is_reset(answers_to(client.ack.frame())));
  CHECK_FALSE(client.is_open());
}

TEST_CASE("the ACK of a half-open connection that gave way opens it anew") {
  server();
  forget_flood();
  while (2 * tcp_half_opens() < mote_tcp_half_open()) {
    answers_to(Segment{.source = kFar + 100 + tcp_half_opens()}.frame());
  }
  const Segment syn{
      .source = kFar, .port = 2200, .sequence = 99, .options = {2, 4, 5, 180, 3, 3, 9, 0}};
  const Bytes syn_ack = syn_ack_for(syn);
  REQUIRE(connection_of(syn) != nullptr);
  const Segment stray{.source = kFar, .port = 2201, .flags = kAck};
  CHECK(is_reset(answers_to(stray.frame())));  // all handshakes have their places
  while (tcp_half_opens() != 0) tcp_push_out_half_open();
  REQUIRE(connection_of(syn) == nullptr);
  CHECK(answers_to(ack_for(syn, syn_ack).frame()).empty());
  const struct tcp_pcb* const pcb = connection_of(syn);
  REQUIRE(pcb != nullptr);
  CHECK(pcb->state == ESTABLISHED);
  CHECK(pcb->snd_scale == 9);
  tcp_abort(connection_of(syn));
}

// RFC 6528, 3: a clock that ticks every 4 microseconds.
TEST_CASE("while few are half open, initial sequence numbers grow with time") {
  server();
  forget_flood();
  const Segment syn{.source = kFar, .port = 2210};
  const std::uint32_t first = tcp_of(syn_ack_for(syn)).sequence;
  tcp_abort(connection_of(syn));
  let_pass(1);
  CHECK(tcp_of(syn_ack_for(syn)).sequence == first + 250'000);
  tcp_abort(connection_of(syn));
}

TEST_CASE("neighbours that nobody knows are answered where they called from") {
  server();
  flood();
  for (std::uint32_t address = 0x0A000050; address < 0x0A0000F0; ++address) {
    const Segment syn{.source = address, .mac = mac_of(address), .port = 2240};
    server().device.receive(syn.frame());
    settle(server());
    server().interface.turn();
    std::size_t answers = 0;
    for (; !server().device.wire.empty(); server().device.wire.pop_front()) {
      const Bytes& frame = server().device.wire.front();
      if (!is_ipv4(frame)) continue;  // an ARP request now and then
      ++answers;
      CHECK(ethernet_of(frame).destination == mac_of(address));
      CHECK(ipv4_of(frame).destination == address);
    }
    CHECK(answers == 1);
  }
}

TEST_CASE("a SYN-ACK that finds no packet or no room in the ring is lost, and counted") {
  const CookieClient client(2250);
  Machine& m = server();
  const auto before = cookie_counters();
  m.device.ring = 0;
  CHECK(answers_to(client.syn.frame()).empty());
  m.device.ring = 256;
  CHECK(cookie_counters().unsent == before.unsent + 1);
  std::vector<Packet> taken;
  while (!Packet::scarce()) taken.push_back(Packet::allocate());
  CHECK(answers_to(client.syn.frame()).empty());
  taken.clear();
  CHECK(cookie_counters().unsent == before.unsent + 2);
  CHECK(cookie_counters().sent == before.sent);
  CHECK(syn_ack_for(client.syn) == client.syn_ack);
}

TEST_CASE("an ACK that finds no PCB gets no answer, and its request is taken later") {
  forget_flood();
  std::vector<Segment> open;
  const std::size_t pcbs = machine_plan.netstack.pcbs;
  for (std::uint16_t i = 0; i < pcbs; ++i) {
    const Segment syn{.source = kFar + 1 + i, .port = 2260};
    open.push_back(ack_for(syn, syn_ack_for(syn)));
    answers_to(open.back().frame());
    REQUIRE(connection_of(syn) != nullptr);
  }
  const Segment syn{.source = kFar, .port = 2261};
  const Segment ack = ack_for(syn, syn_ack_for(syn), request_for(100));
  const auto before = cookie_counters();
  CHECK(answers_to(ack.frame()).empty());
  CHECK(connection_of(syn) == nullptr);
  CHECK(cookie_counters().homeless == before.homeless + 1);
  for (Segment& other : open) {
    CHECK(connection_of(other) != nullptr);
    other.flags = kRst;
    answers_to(other.frame());
  }
  const auto frames = answers_to(ack.frame());
  REQUIRE(!frames.empty());
  CHECK(frames[0].size() == 54 + 100);
}
