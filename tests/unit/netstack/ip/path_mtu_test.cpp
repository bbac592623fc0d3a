// Path MTU discovery (RFC 1191) against a router, and resistance to forged messages (RFC 5927).
// Behind PPPoE, VPNs and tunnels, and far ends that lose fragments, nginx's responses on Debian and
// elsewhere arrive at once; so must Mote's.
#include "netstack/ip/path_mtu.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "netstack/limits.hpp"
#include "netstack/stats.hpp"
#include "tests/unit/netstack/narrow_link.hpp"
#include "tests/unit/netstack/tcp_server.hpp"

using namespace mote;
using namespace mote::world;
using netstack::Ipv4Header;
using netstack::tcp_counters;

namespace {

// Forgets paths learnt in earlier cases.
void forget() {
  for (int i = 0; i < 11 * 60; ++i) {
    advance(milliseconds(1000));
    settle(machine());
  }
}

void establish(TcpPeer& peer, Network& network) {
  peer.connect();
  run(peer, network, 20);
  REQUIRE(peer.established);
}

void check_body(const TcpPeer& peer, std::size_t bytes) {
  REQUIRE(peer.body.size() == bytes);
  CHECK(std::equal(peer.body.begin(), peer.body.end(), body().begin()));
}

void end(TcpPeer& peer, Network& network) {
  peer.reset();
  run(peer, network, 10);
}

std::uint16_t word(const Bytes& frame, std::size_t at) {
  return static_cast<std::uint16_t>(frame.at(at) << 8 | frame.at(at + 1));
}

Ipv4Header& ip(Bytes& frame) { return *reinterpret_cast<Ipv4Header*>(frame.data() + 14); }

netstack::TcpHeader& tcp(Bytes& frame) {
  return *reinterpret_cast<netstack::TcpHeader*>(frame.data() + 34);
}

// Whether a message is refused.
bool refused(const Bytes& message) {
  const netstack::TcpCounters before = tcp_counters();
  machine().device.receive(message);
  settle(machine());
  const netstack::TcpCounters after = tcp_counters();
  return after.path_mtu_refused == before.path_mtu_refused + 1 &&
         after.path_mtu_believed == before.path_mtu_believed;
}

// Loses the longest datagrams, and tells the last one and the end of all.
void keep_in_flight(Network& network, Bytes& last, std::uint32_t& sent) {
  network.to_peer.carries = [&](const Bytes& frame) {
    if (word(frame, 16) != 1500) return true;
    last = frame;
    const std::uint32_t end = tcp(last).sequence + 1460;
    if (sent == 0 || static_cast<std::int32_t>(end - sent) > 0) sent = end;
    return false;
  };
}

}  // namespace

TEST_CASE("a response passes a narrow link at once, in segments that fit it") {
  std::uint16_t port = 4000;
  for (const std::uint16_t mtu : {1499, 1492, 1400, 1006, 577, 576}) {
    forget();
    Network network;
    NarrowLink link(network, mtu);
    TcpPeer peer(++port);
    establish(peer, network);
    peer.send(request_for(400'000));
    run(peer, network, 400);
    check_body(peer, 400'000);
    CHECK(peer.longest == mtu - 40U);
    CHECK(link.told > 0);
    CHECK(link.told <= 10);  // the first window, and nothing of that length after it
    CHECK(link.lost == 0);
    end(peer, network);
  }
}

TEST_CASE("a narrower link behind, and one that appears later, are found") {
  forget();
  Network network;
  NarrowLink link(network, 1400);
  TcpPeer peer(4100);
  TcpPeer* peers[] = {&peer};
  establish(peer, network);
  peer.send(request_for(3'000'000));
  for (const std::uint16_t mtu : {1300, 1200, 900}) {
    const std::size_t before = peer.body.size();
    for (int i = 0; i < 2000 && peer.body.size() < before + 300'000; ++i) {
      step(server(), network, peers);
    }
    REQUIRE(peer.body.size() >= before + 300'000);
    link.mtu = mtu;
  }
  run(peer, network, 3000);
  check_body(peer, 3'000'000);
  end(peer, network);
}

TEST_CASE("when a router doesn't give its MTU, the next lower plateau is tried") {
  CHECK(netstack::plateau_below(1500) == 1492);
  CHECK(netstack::plateau_below(1493) == 1492);
  CHECK(netstack::plateau_below(1492) == 1006);
  CHECK(netstack::plateau_below(69) == 68);
  CHECK(netstack::plateau_below(68) == 0);
  forget();
  Network network;
  NarrowLink link(network, 1100);
  link.says_mtu = false;
  TcpPeer peer(4200);
  establish(peer, network);
  peer.send(request_for(400'000));
  run(peer, network, 500);
  check_body(peer, 400'000);
  CHECK(peer.longest == 1006 - 40);
}

TEST_CASE("below the minimum, segments get no shorter and routers may fragment them") {
  for (const std::uint16_t mtu : {575, 552, 296, 68}) {
    forget();
    Network network;
    NarrowLink link(network, mtu);
    link.loses_fragments = false;
    TcpPeer peer(static_cast<std::uint16_t>(4300 + mtu));
    establish(peer, network);
    peer.send(request_for(200'000));
    run(peer, network, 600);
    check_body(peer, 200'000);
    CHECK(peer.longest == 536);
    CHECK(link.fragmented > 200);
    CHECK(link.told <= 10);
    // Identifications tell the fragments of one datagram from another's.
    std::set<std::uint16_t> seen;
    network.to_peer.carries = [&](const Bytes& frame) {
      if (frame[23] != Ipv4Header::kTcp || (frame[47] & TcpPeer::kSyn) != 0) return true;
      CHECK(!has_df(frame));
      seen.insert(word(frame, 18));
      return true;
    };
    end(peer, network);
    // The next connection starts like that.
    TcpPeer second(static_cast<std::uint16_t>(5300 + mtu));
    establish(second, network);
    seen.clear();
    second.send(request_for(50'000));
    run(second, network, 300);
    check_body(second, 50'000);
    CHECK(second.longest == 536);
    CHECK(seen.size() > 85);
    end(second, network);
  }
}

TEST_CASE("a segment that was too long is no congestion, and is resent without the timer") {
  forget();
  Network network;
  TcpPeer peer(4400);
  TcpPeer* peers[] = {&peer};
  establish(peer, network);
  peer.send(request_for(4'000'000));
  REQUIRE(run_until(peer, network, [&] { return peer.body.size() >= 500'000; }));
  NarrowLink link(network, 1400);
  REQUIRE(run_until(peer, network, [&] { return link.told > 0; }));
  const std::size_t there = peer.body.size();
  const std::size_t passed = link.passed - link.too_long;
  step(server(), network, peers);
  CHECK(link.passed - link.too_long > passed);  // cut shorter, and sent at once
  run(peer, network, 50);
  CHECK(peer.body.size() >= there + 200'000);
  end(peer, network);
}

TEST_CASE("new connections to the same peer start with the known MTU, for ten minutes") {
  forget();
  Network network;
  NarrowLink link(network, 1400);
  TcpPeer first(4500);
  establish(first, network);
  first.send(request_for(100'000));
  run(first, network, 300);
  check_body(first, 100'000);
  REQUIRE(link.told > 0);
  const std::size_t told = link.told;
  TcpPeer second(4501);
  Bytes synchronize;
  establish(second, network);
  second.send(request_for(100'000));
  run(second, network, 300);
  check_body(second, 100'000);
  CHECK(link.told == told);
  for (int i = 0; i < 601; ++i) {
    advance(milliseconds(1000));
    settle(machine());
  }
  TcpPeer third(4502);
  establish(third, network);
  third.send(request_for(100'000));
  run(third, network, 300);
  CHECK(link.told > told);
  check_body(third, 100'000);
}

TEST_CASE("every TCP segment has DF, and the MSS announced is the interface's own") {
  forget();
  Network network;
  std::size_t segments = 0;
  Bytes synchronize;
  network.to_peer.carries = [&](const Bytes& frame) {
    if (frame[23] != Ipv4Header::kTcp) return true;
    ++segments;
    CHECK(has_df(frame));
    CHECK(word(frame, 18) == 0);
    if ((frame[47] & TcpPeer::kSyn) != 0) synchronize = frame;
    return true;
  };
  TcpPeer peer(4600);
  establish(peer, network);
  peer.send(request_for(100'000));
  run(peer, network, 200);
  peer.close();
  run(peer, network, 100);
  TcpPeer stray(4601);
  stray.service = 99;
  stray.connect();
  run(stray, network, 20);
  CHECK(stray.was_reset);
  CHECK(segments > 70);
  CHECK(word(synchronize, 54) == 0x0204);
  CHECK(word(synchronize, 56) == 1460);
}

TEST_CASE("forged messages change nothing, and are counted") {
  forget();
  Machine& m = server();
  Network network;
  TcpPeer peer(4700);
  establish(peer, network);
  Bytes segment;
  std::uint32_t sent = 0;
  keep_in_flight(network, segment, sent);
  peer.send(request_for(100'000));
  run(peer, network, 30);
  REQUIRE(!segment.empty());
  const std::uint32_t acknowledged = peer.expected;
  const auto changed = [&](auto change, std::uint16_t mtu = 1000) {
    Bytes frame = segment;
    change(frame);
    return refused(fragmentation_needed(frame, mtu));
  };
  CHECK(changed([&](Bytes& f) { tcp(f).sequence = acknowledged - 1; }));
  CHECK(changed([&](Bytes& f) { tcp(f).sequence = sent; }));
  CHECK(changed([&](Bytes& f) { tcp(f).sequence = acknowledged + 0x80000000U; }));
  CHECK(changed([&](Bytes& f) { tcp(f).source_port = 81; }));
  CHECK(changed([&](Bytes& f) { tcp(f).destination_port = 4701; }));
  CHECK(changed([&](Bytes& f) { ip(f).destination = kPeerAddress + 1; }));
  CHECK(changed([&](Bytes& f) { ip(f).source = kMachineAddress + 1; }));
  CHECK(changed([&](Bytes& f) { ip(f).protocol = Ipv4Header::kUdp; }));
  CHECK(changed([&](Bytes& f) { ip(f).flags_and_offset = 0; }));
  CHECK(changed([&](Bytes& f) { ip(f).flags_and_offset = 0x4001; }));
  CHECK(changed([&](Bytes& f) { ip(f).version_and_words = 0x46; }));
  CHECK(changed([&](Bytes&) {}, 1500));
  CHECK(changed([&](Bytes&) {}, 65'535));
  CHECK(changed([&](Bytes&) {}, 67));
  CHECK(changed([&](Bytes&) {}, 1));
  CHECK(changed([&](Bytes& f) { ip(f).total_bytes = 999; }));
  CHECK(changed([&](Bytes& f) { ip(f).total_bytes = 60; }, 0));
  const Bytes whole = fragmentation_needed(segment, 1000);
  Bytes spoilt = whole;
  spoilt[50] ^= 1;
  CHECK(refused(spoilt));
  for (std::size_t bytes = 4; bytes < 36; ++bytes) {
    CHECK(refused(ipv4_frame(Ipv4Header::kIcmp, {whole.data() + 34, bytes})));
  }
  Bytes other = whole;
  other[35] = 3;  // "port unreachable": not for path MTU discovery
  const std::uint64_t believed = tcp_counters().path_mtu_believed;
  m.device.receive(other);
  settle(m);
  CHECK(tcp_counters().path_mtu_believed == believed);

  m.device.receive(whole);
  settle(m);
  CHECK(tcp_counters().path_mtu_believed == believed + 1);
  network.to_peer.carries = nullptr;
  run(peer, network, 500);
  check_body(peer, 100'000);
  CHECK(peer.longest == 960);
}

TEST_CASE("a forged message that hits costs headers, and no more") {
  forget();
  Network network;
  Bytes segment;
  network.to_peer.carries = [&](const Bytes& frame) {
    if (word(frame, 16) == 1500) segment = frame;
    return true;
  };
  TcpPeer peer(4800);
  establish(peer, network);
  peer.send(request_for(1'000'000));
  REQUIRE(run_until(peer, network, [&] { return !segment.empty(); }));
  machine().device.receive(fragmentation_needed(segment, 68));
  settle(machine());
  for (const Bytes& frame : machine().device.wire) CHECK(frame.size() <= 14 + 576);
  std::size_t longest = 0;
  network.to_peer.carries = [&](const Bytes& frame) {
    longest = std::max(longest, frame.size());
    return true;
  };
  run(peer, network, 1000);
  CHECK(longest == 14 + 576);
  check_body(peer, 1'000'000);
  // Nothing is in flight any more.
  const std::uint64_t before = tcp_counters().path_mtu_refused;
  machine().device.receive(fragmentation_needed(segment, 700));
  settle(machine());
  CHECK(tcp_counters().path_mtu_refused == before + 1);
}

TEST_CASE("the table of narrow paths never holds more than its size; the oldest gives way") {
  netstack::NarrowPaths paths;
  const Nanoseconds start = clock::now();
  CHECK(paths.find(1, start) == 0);
  std::size_t known = 0;
  for (std::uint32_t i = 1; i <= 10'000; ++i) {
    paths.learn(i, 1400, start + milliseconds(i));
    REQUIRE(paths.find(i, start + milliseconds(i)) == 1400);
  }
  const Nanoseconds now = start + milliseconds(10'000);
  for (std::uint32_t i = 1; i <= 10'000; ++i) known += paths.find(i, now) != 0 ? 1 : 0;
  CHECK(known == limits::kNarrowPaths);
  paths.learn(10'000, 1300, now);
  CHECK(paths.find(10'000, now) == 1300);
  CHECK(paths.find(10'000, now + netstack::NarrowPaths::kLifetime) == 0);
}

// Clients on cloud networks of 1,400 bytes whose SYN-ACK was lost.
TEST_CASE("a retransmitted SYN makes no segment longer than the interface takes") {
  forget();
  machine().interface.attachment().offer_mtu(1400);
  Network network;
  int answers = 0;
  network.to_peer.carries = [&](const Bytes& frame) { return frame.size() > 100 || ++answers > 1; };
  TcpPeer peer(4900);
  peer.connect();
  run(peer, network, 5000);
  REQUIRE(peer.established);
  REQUIRE(answers > 1);
  peer.send(request_for(100'000));
  run(peer, network, 500);
  check_body(peer, 100'000);
  CHECK(peer.longest == 1400 - 40);
  end(peer, network);
  machine().interface.attachment().offer_mtu(1500);
}

// For example, after a lease with another MTU.
TEST_CASE("when the interface's MTU falls, transfers go on in segments that fit it") {
  forget();
  Network network;
  TcpPeer peer(4950);
  TcpPeer* peers[] = {&peer};
  establish(peer, network);
  peer.send(request_for(600'000));
  for (int i = 0; i < 2000 && peer.body.size() < 100'000; ++i) step(server(), network, peers);
  REQUIRE(peer.body.size() < 600'000);
  machine().interface.attachment().offer_mtu(1400);
  run(peer, network, 2);
  std::size_t longest = 0;
  network.to_peer.carries = [&](const Bytes& frame) {
    longest = std::max(longest, frame.size());
    return has_df(frame);
  };
  run(peer, network, 3000);
  check_body(peer, 600'000);
  CHECK(longest == 1400 + 14);
  end(peer, network);
  machine().interface.attachment().offer_mtu(1500);
}
