// SYN cookies: handshakes without memory, on a machine on which half-open connections are many.
#include "netstack/tcp/syn_cookies.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <random>
#include <vector>

#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"
#include "mote_hooks.h"
#include "netstack/sender/sender.hpp"
#include "netstack/stack.hpp"
#include "tests/unit/netstack/segments.hpp"
#include "tests/unit/netstack/tcp_server.hpp"

using namespace mote;
using namespace mote::world;
using netstack::cookie_counters;

namespace {

// The smallest machine's pools, before it is made.
const bool prepared = (machine_plan = plan_for(0), true);

constexpr std::uint32_t kFar = 0xC6336401;  // 198.51.100.1, behind the gateway

void let_pass(std::uint32_t seconds) {
  for (std::uint32_t i = 0; i < 20 * seconds; ++i) {
    advance(milliseconds(50));
    settle(server());
  }
  server().device.wire.clear();
}

// SYNs from strangers, until there is no place for another.
void flood() {
  static std::uint32_t stranger = 0xCB007100;  // 203.0.113.0
  while (tcp_half_opens() < mote_tcp_half_open()) {
    answers_to(Segment{.source = ++stranger}.frame());
  }
}

// Ends all handshakes, and lets cookies expire.
void forget_flood() {
  let_pass(130);
  REQUIRE(tcp_half_opens() == 0);
}

struct tcp_pcb* connection_of(const Segment& segment) {
  struct tcp_pcb* pcb = tcp_active_pcbs;
  while (pcb != nullptr && (pcb->remote_port != segment.port ||
                            ip4_addr_get_u32(&pcb->remote_ip) != lwip_htonl(segment.source))) {
    pcb = pcb->next;
  }
  return pcb;
}

// The SYN-ACK; and the ACK that a client answers it with, or a later segment.
Bytes syn_ack_for(const Segment& syn) {
  const auto frames = answers_to(syn.frame());
  REQUIRE(frames.size() == 1);
  REQUIRE(flags_of(frames[0]) == (kSyn | kAck));
  return frames[0];
}
Segment ack_for(Segment syn, const Bytes& syn_ack, Bytes text = {}) {
  syn.flags = kAck;
  syn.sequence += 1;
  syn.acknowledgement = tcp_of(syn_ack).sequence + 1;
  syn.options = {};
  syn.text = std::move(text);
  return syn;
}

// A client whose SYN found no place.
struct Client {
  explicit Client(std::uint16_t port, std::uint32_t source = kFar)
      : syn{.source = source, .port = port, .sequence = 5000, .options = {2, 4, 5, 180}} {
    REQUIRE(prepared);
    server();
    flood();
    const std::uint64_t before = cookie_counters().sent;
    syn_ack = syn_ack_for(syn);
    REQUIRE(connection_of(syn) == nullptr);
    REQUIRE(cookie_counters().sent == before + 1);
    ack = ack_for(syn, syn_ack);
  }
  [[nodiscard]] bool is_open() const { return connection_of(syn) != nullptr; }
  void reset() const {
    Segment rst = ack;
    rst.flags = kRst;
    answers_to(rst.frame());
    CHECK_FALSE(is_open());
  }

  Segment syn;
  Bytes syn_ack;
  Segment ack;
};

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

bool is_reset(const std::deque<Bytes>& frames) {
  return frames.size() == 1 && (flags_of(frames[0]) & kRst) != 0;
}

}  // namespace

TEST_CASE("a stray ACK is reset while no cookie is about") {
  server();
  CHECK(is_reset(answers_to(Segment{.flags = kAck, .sequence = 1, .acknowledgement = 1}.frame())));
}

TEST_CASE("a SYN that finds no place is answered, and its ACK opens the connection") {
  const Client client(2100);
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
  const Client client(2110);
  Segment syn = client.syn;
  syn.flags = kSyn | 0xC0;
  const auto frames = answers_to(syn.frame());
  REQUIRE(frames.size() == 1);
  CHECK((tcp_of(frames[0]).offset_and_flags & 0xFFU) == (kSyn | kAck));
}

TEST_CASE("a SYN sent again gets the same cookie") {
  const Client client(2120);
  CHECK(syn_ack_for(client.syn) == client.syn_ack);
}

TEST_CASE("the request may come in the ACK, or after an ACK that was lost") {
  for (const bool is_lost : {false, true}) {
    const Client client(is_lost ? 2130 : 2131);
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
  const Client client(2140);
  Segment fin = client.ack;
  fin.flags = kFin | kAck;
  const auto frames = answers_to(fin.frame());
  REQUIRE(!frames.empty());
  CHECK(tcp_of(frames.back()).acknowledgement == fin.sequence + 1);
  CHECK((flags_of(frames.back()) & kFin) != 0);
}

TEST_CASE("an ACK that differs in anything from what its SYN-ACK asked for opens nothing") {
  const Client client(2150);
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
  const Client client(2160);
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
  const Client early(2180);
  let_pass(59);
  flood();
  CHECK(answers_to(early.ack.frame()).empty());
  CHECK(early.is_open());
  early.reset();
  const Client late(2181);
  let_pass(61);
  const Client between(2182);  // so that cookies are about
  let_pass(60);
  CHECK(answers_to(late.ack.frame()).empty());
  CHECK_FALSE(late.is_open());
}

TEST_CASE("there is silence for stray ACKs until two minutes after the last cookie, then a reset") {
  const Client client(2190);
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
  const Client filler(2230);
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
  const Client client(2250);
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
