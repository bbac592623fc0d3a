// SYN cookies: handshakes without memory are like others.
#include "netstack/tcp/syn_cookies.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"
#include "mote_hooks.h"
#include "tests/unit/netstack/tcp/cookie_client.hpp"

using namespace mote;
using namespace mote::world;
using netstack::cookie_counters;

namespace {

// What a handshake decides for a connection. Numbers are relative to the initial ones.
struct Agreed {
  std::uint16_t mss;
  std::uint8_t send_scale, receive_scale, state, priority, options, netif, resent;
  std::uint32_t flags, receive_next, receive_window, announced, right_edge;
  std::uint32_t send_next, acknowledged, written, send_window, largest_window, window_at,
      window_ack;
  bool has_sender;
  friend bool operator==(const Agreed&, const Agreed&) = default;
};

Agreed agreed_with(const struct tcp_pcb& pcb, std::uint32_t client_isn, std::uint32_t isn) {
  return {pcb.mss,
          pcb.snd_scale,
          pcb.rcv_scale,
          static_cast<std::uint8_t>(pcb.state),
          pcb.prio,
          pcb.so_options,
          pcb.netif_idx,
          pcb.nrtx,
          pcb.flags,
          pcb.rcv_nxt - client_isn,
          pcb.rcv_wnd,
          pcb.rcv_ann_wnd,
          pcb.rcv_ann_right_edge - client_isn,
          pcb.snd_nxt - isn,
          pcb.lastack - isn,
          pcb.snd_lbb - isn,
          pcb.snd_wnd,
          pcb.snd_wnd_max,
          pcb.snd_wl1 - client_isn,
          pcb.snd_wl2 - isn,
          pcb.sender != nullptr};
}

// A frame without what must differ: our number, checksums, and lwIP's own time to live.
Bytes comparable(Bytes frame) {
  auto& ip = *reinterpret_cast<netstack::Ipv4Header*>(frame.data() + 14);
  auto& tcp = *reinterpret_cast<netstack::TcpHeader*>(frame.data() + 34);
  ip.time_to_live = 0;
  ip.checksum = 0;
  tcp.sequence = 0;
  tcp.checksum = 0;
  return frame;
}

// A whole handshake with these options: the SYN-ACK, and what came of it.
struct Handshake {
  explicit Handshake(Bytes options) {
    const Segment syn{
        .source = kFar, .port = 2000, .sequence = 77'000, .options = std::move(options)};
    syn_ack = syn_ack_for(syn);
    is_cookie = connection_of(syn) == nullptr;
    const Segment ack = ack_for(syn, syn_ack);
    CHECK(answers_to(ack.frame()).empty());
    const struct tcp_pcb* const pcb = connection_of(syn);
    REQUIRE(pcb != nullptr);
    agreed = agreed_with(*pcb, syn.sequence, tcp_of(syn_ack).sequence);
    Segment rst = ack;
    rst.flags = kRst;
    answers_to(rst.frame());
    REQUIRE(connection_of(syn) == nullptr);
  }
  bool is_cookie;
  Bytes syn_ack;
  Agreed agreed;
};

// What clients may offer: sizes, of which -1 stands for none, scales and SACK.
std::vector<Bytes> offers() {
  std::vector<Bytes> all;
  for (const int size :
       {-1, 0, 1, 216, 300, 536, 900, 1200, 1359, 1360, 1400, 1440, 1452, 1460, 9000}) {
    for (int scale = -1; scale <= 15; ++scale) {
      for (const bool permits_sack : {false, true}) {
        Bytes options;
        if (size >= 0) {
          options = {2, 4, static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)};
        }
        if (permits_sack) options.insert(options.end(), {4, 2, 1, 1});
        if (scale >= 0) options.insert(options.end(), {3, 3, static_cast<std::uint8_t>(scale), 0});
        all.push_back(std::move(options));
      }
    }
  }
  return all;
}

}  // namespace

TEST_CASE("a SYN that finds no place is answered, and its ACK opens the connection") {
  const CookieClient client(2100);
  CHECK(has_right_checksums(client.syn_ack));
  CHECK(ethernet_of(client.syn_ack).destination == kPeerMac);
  CHECK(tcp_of(client.syn_ack).acknowledgement == client.syn.sequence + 1);
  const auto before = cookie_counters();
  CHECK(answers_to(client.ack.frame()).empty());
  const struct tcp_pcb* const pcb = connection_of(client.syn);
  REQUIRE(pcb != nullptr);
  CHECK(pcb->state == ESTABLISHED);
  CHECK(cookie_counters().accepted == before.accepted + 1);
  CHECK(cookie_counters().refused == before.refused);
  client.reset();
}

TEST_CASE("a connection by a cookie is what it would have been by a PCB") {
  server();
  forget_flood();
  std::vector<Handshake> ordinary;
  for (const Bytes& options : offers()) {
    ordinary.emplace_back(options);
    REQUIRE_FALSE(ordinary.back().is_cookie);
  }
  flood();
  auto expected = ordinary.begin();
  for (const Bytes& options : offers()) {
    const Handshake by_cookie(options);
    REQUIRE(by_cookie.is_cookie);
    CHECK(comparable(by_cookie.syn_ack) == comparable(expected->syn_ack));
    CHECK(by_cookie.agreed.mss <= expected->agreed.mss);
    expected->agreed.mss = by_cookie.agreed.mss;
    CHECK(by_cookie.agreed == expected->agreed);
    ++expected;
    flood();
  }
}

TEST_CASE("a SYN's ECN isn't agreed to by a cookie") {
  const CookieClient client(2110);
  Segment syn = client.syn;
  syn.flags = kSyn | 0xC0;
  const auto frames = answers_to(syn.frame());
  REQUIRE(frames.size() == 1);
  CHECK((tcp_of(frames[0]).offset_and_flags & 0xFFU) == (kSyn | kAck));
}

TEST_CASE("a SYN sent again gets the same cookie") {
  const CookieClient client(2120);
  CHECK(syn_ack_for(client.syn) == client.syn_ack);
}

TEST_CASE("the request may come in the ACK, or after an ACK that was lost") {
  for (const bool is_lost : {false, true}) {
    const CookieClient client(is_lost ? 2130 : 2131);
    Segment request = client.ack;
    request.flags = kAck | kPush;
    request.text = request_for(600);
    if (!is_lost) answers_to(client.ack.frame());
    const auto frames = answers_to(request.frame());
    REQUIRE(!frames.empty());
    Bytes got;
    for (const Bytes& frame : frames) {
      CHECK(has_right_checksums(frame));
      const auto header = static_cast<long>(tcp_of(frame).header_bytes());
      got.insert(got.end(), frame.begin() + 34 + header,
                 frame.begin() + 14 + ipv4_of(frame).total_bytes);
    }
    CHECK(got == Bytes(body().begin(), body().begin() + 600));
    Segment rst = request;
    rst.flags = kRst;
    rst.sequence += 4;
    answers_to(rst.frame());
  }
}

TEST_CASE("a client that closes at once is heard") {
  const CookieClient client(2140);
  Segment fin = client.ack;
  fin.flags = kFin | kAck;
  const auto frames = answers_to(fin.frame());
  REQUIRE(!frames.empty());
  CHECK(tcp_of(frames.back()).acknowledgement == fin.sequence + 1);
  CHECK((flags_of(frames.back()) & kFin) != 0);
}

TEST_CASE("a client whose last connection is in TIME-WAIT has a place, and larger numbers") {
  server();
  forget_flood();
  Network network;
  TcpPeer peer(2220, 70'000);
  peer.connect();
  REQUIRE(run_until(peer, network, [&] { return peer.established; }));
  peer.send(request_for(1000));
  REQUIRE(run_until(peer, network, [&] { return peer.finished; }));
  peer.close();
  run(peer, network, 20);
  REQUIRE(tcp_tw_pcbs != nullptr);
  const std::uint32_t former = tcp_tw_pcbs->snd_nxt;
  flood();
  const Bytes syn_ack = syn_ack_for({.port = 2220, .sequence = 1'000'000});
  CHECK(static_cast<std::int32_t>(tcp_of(syn_ack).sequence - former) > 0);
  CHECK(connection_with(2220) != nullptr);
}

TEST_CASE("a window of a scale is used") {
  const CookieClient filler(2230);
  Network network;
  network.to_machine.latency = network.to_peer.latency = milliseconds(50);
  TcpPeer peer(2231);
  peer.scale = 7;
  peer.connect();
  REQUIRE(run_until(peer, network, [&] { return peer.established; }));
  REQUIRE(connection_with(2231) == nullptr);
  peer.send(request_for(4'000'000));
  std::uint32_t most = 0;
  REQUIRE(run_until(peer, network, [&] {
    if (const struct tcp_pcb* const pcb = connection_with(2231); pcb != nullptr) {
      most = std::max(most, pcb->snd_nxt - pcb->lastack);
    }
    return peer.finished;
  }));
  CHECK(most > 128 * 1024);
  CHECK(peer.body == Bytes(body().begin(), body().begin() + 4'000'000));
  peer.close();
  run(peer, network, 500);
}

TEST_CASE("a device that computes no checksums gets whole ones") {
  static Machine* const plain = new Machine{Device({.mac = kMachineMac}), {}};
  server();
  const netstack::InterfaceSettings settings{
      .address = netstack::StaticAddress{{kMachineAddress}, 24, {kPeerAddress}}};
  REQUIRE(plain->interface.attach(plain->device, 1, settings));
  flood();
  plain->device.receive(Segment{.source = kFar, .port = 2270}.frame());
  settle(*plain);
  plain->interface.turn();
  std::erase_if(plain->device.wire, [](const Bytes& frame) { return !is_ipv4(frame); });
  REQUIRE(plain->device.wire.size() == 1);
  const Bytes syn_ack = plain->device.wire.front();
  CHECK(flags_of(syn_ack) == (kSyn | kAck));
  CHECK(has_right_checksums(syn_ack));
  // The same client on the other network isn't this one.
  const Segment ack = ack_for({.source = kFar, .port = 2270}, syn_ack);
  CHECK(answers_to(ack.frame()).empty());
  CHECK(connection_of(ack) == nullptr);
  plain->device.receive(ack.frame());
  settle(*plain);
  CHECK(connection_of(ack) != nullptr);
}
