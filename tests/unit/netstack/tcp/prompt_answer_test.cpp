// Prompt answers: a peer must see exactly what the usual way would have sent.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"
#include "netstack/sender/sender.hpp"
#include "netstack/wire/headers.hpp"
#include "tests/unit/netstack/narrow_link.hpp"
#include "tests/unit/netstack/prompt_server.hpp"

using namespace mote;
using namespace mote::world;

namespace {

// One life of a connection, decided by a seed. The machine's output is recorded with numbers
// relative to the connection's start.
class Life {
 public:
  Life(unsigned seed, bool promptly, std::uint16_t port)
      : machine_(serve(promptly)), peer_(port), random_(seed) {
    peer_.service = kPromptService;
    peer_.permits_sack = true;
    // Timers have the same phase in each life.
    constexpr std::uint64_t kPhase = 1'000'000'000;
    while (clock::now().value % kPhase != 0) wait(1);
    peer_.connect();
    deliver_outgoing();
    REQUIRE(peer_.established);
    log_.clear();
  }

  std::vector<std::string> live(unsigned steps) {
    for (unsigned at = 0; at < steps && !peer_.was_reset; ++at) act();
    std::vector<std::string> log = std::move(log_);
    machine_.device.stuck = machine_.device.keeps = false;
    if (struct tcp_pcb* const left = connection_with(peer_.port())) tcp_abort(left);
    settle(machine_);
    machine_.device.wire.clear();
    return log;
  }

 private:
  void act() {
    const std::uint32_t ours = peer_.expected;
    const std::uint8_t data = TcpPeer::kAck | TcpPeer::kPush;
    switch (random_() % 24) {
      default:  // the usual: a request that acknowledges everything
        return ask(data, ours);
      case 0:
        return ask(data, ours - std::min<std::uint32_t>(ours - first_, 1 + random_() % 400));
      case 1:  // a retransmission
        return send(data, next_ - std::min<std::uint32_t>(next_ - 1001, kPromptRequestBytes), ours,
                    last_);
      case 2:
        return send(TcpPeer::kAck, next_, ours, {});
      case 3:
        return send(TcpPeer::kAck, next_, ours - std::min<std::uint32_t>(ours - first_, 700), {});
      case 4: {
        constexpr std::array<std::uint16_t, 5> kWindows = {0, 3, 60, 200, 60'000};
        peer_.window = kWindows[random_() % kWindows.size()];
        return ask(data, ours);
      }
      case 5:
        peer_.window = 60'000;
        return send(TcpPeer::kAck, next_, ours, {});
      case 6:
        return wait(1 + random_() % 3000);
      case 7:
      case 8:
      case 9:
      case 10:
      case 11:
        return act_rarely();
      case 12:
        machine_.device.stuck = !machine_.device.stuck;
        return settle(machine_);
      case 13:
        machine_.device.keeps = !machine_.device.keeps;
        return settle(machine_);
    }
  }

  // Actions that are rare among clients, and accidents of networks.
  void act_rarely() {
    const std::uint32_t ours = peer_.expected;
    const std::uint8_t data = TcpPeer::kAck | TcpPeer::kPush;
    switch (random_() % 10) {
      case 0: {  // two requests in a segment
        Bytes two = prompt_request(number_++);
        const Bytes second = prompt_request(number_++);
        two.insert(two.end(), second.begin(), second.end());
        return send_data(data, ours, two);
      }
      case 1: {  // half a request
        const Bytes whole = prompt_request(number_++);
        send_data(data, ours, {whole.begin(), whole.begin() + 1});
        return send_data(data, peer_.expected, {whole.begin() + 1, whole.end()});
      }
      case 2:  // one is lost
        return send(data, next_ + kPromptRequestBytes, ours, prompt_request(number_));
      case 3:
        return send(data, next_, ours + 1, prompt_request(number_));
      case 4:  // the machine's segment is lost
        machine_.device.wire.clear();
        lost_ = !lost_;
        return;
      case 5:
        if (random_() % 8 != 0) return ask(data, ours);
        send(data | TcpPeer::kFin, next_, ours, {});
        ++next_;
        return;
      case 6:
        return ask(TcpPeer::kAck, ours);
      case 7:
        return ask(data | 32, ours);  // urgent
      case 8: {  // a changed byte in the headers, but not in fields whose value differs between
                 // lives, the peer's port and its acknowledgement; then the request unchanged
        Bytes frame = peer_.segment(data, next_, ours, prompt_request(number_));
        const unsigned at = random_() % 48;
        const unsigned moved = at < 34 ? at : at < 40 ? at + 2 : at + 6;
        frame[moved] ^= static_cast<std::uint8_t>(1 + random_() % 255);
        deliver(frame);
        return ask(data, ours);
      }
      case 9:
        return send_data(data, ours, prompt_request(number_++ | kLastRequest));
    }
  }

  void ask(unsigned flags, std::uint32_t acknowledgement) {
    send_data(flags, acknowledgement, prompt_request(number_++));
  }

  void send_data(unsigned flags, std::uint32_t acknowledgement, const Bytes& payload) {
    last_ = payload;
    const std::uint32_t sequence = next_;
    next_ += static_cast<std::uint32_t>(payload.size());
    send(flags, sequence, acknowledgement, payload);
  }

  void send(unsigned flags, std::uint32_t sequence, std::uint32_t acknowledgement,
            const Bytes& payload) {
    deliver(peer_.segment(static_cast<std::uint8_t>(flags), sequence, acknowledgement, payload));
  }

  void deliver(const Bytes& frame) {
    machine_.device.receive(frame,
                            random_() % 2 == 0 ? RxChecksum::kVerified : RxChecksum::kUnknown);
    settle(machine_);
    take_wire();
  }

  void deliver_outgoing() {
    while (!peer_.outgoing.empty()) {
      const Bytes frame = std::move(peer_.outgoing.front());
      peer_.outgoing.pop_front();
      deliver(frame);
    }
    first_ = peer_.expected;
  }

  void wait(std::uint64_t ms) {
    for (; ms > 0; --ms) {
      advance(milliseconds(1));
      settle(machine_);
      take_wire();
    }
  }

  void take_wire() {
    for (; !machine_.device.wire.empty(); machine_.device.wire.pop_front()) {
      const Bytes frame = std::move(machine_.device.wire.front());
      if (frame[13] == 6) {  // ARP
        machine_.device.receive(arp_reply(kPeerAddress, kPeerMac));
        settle(machine_);
        continue;
      }
      note(frame);
      if (!lost_) peer_.receive(frame);
    }
    if (first_ != 0) peer_.outgoing.clear();  // this test sends its own acknowledgements
  }

  void note(const Bytes& frame) {
    const auto& ip = *reinterpret_cast<const netstack::Ipv4Header*>(frame.data() + 14);
    const auto& tcp = *reinterpret_cast<const netstack::TcpHeader*>(frame.data() + 34);
    CHECK(plain_checksum({frame.data() + 14, 20}) == 0);
    const std::size_t header = tcp.header_bytes();
    std::string line =
        std::to_string(tcp.sequence - first_) + ' ' + std::to_string(tcp.acknowledgement) + ' ' +
        std::to_string(tcp.offset_and_flags) + ' ' + std::to_string(tcp.window) + ' ' +
        std::to_string(ip.total_bytes) + ' ' + std::to_string(ip.flags_and_offset) + ' ' +
        std::to_string(ip.time_to_live) + ' ';
    line.append(frame.begin() + 34 + static_cast<long>(header), frame.end());
    log_.push_back(std::move(line));
  }

  Machine& machine_;
  TcpPeer peer_;
  std::mt19937 random_;
  std::uint32_t first_ = 0;    // the machine's first sequence number
  std::uint32_t next_ = 1001;  // the peer's next one
  std::uint32_t number_ = 0;   // number of the next request
  Bytes last_;
  bool lost_ = false;
  std::vector<std::string> log_;
};

}  // namespace

TEST_CASE("prompt responses fit their requests, and keep lwIP's accounts") {
  for (const bool promptly : {false, true}) {
    Machine& m = serve(promptly);
    Network network;
    TcpPeer peer(promptly ? 3001 : 3000);
    TcpPeer* peers[] = {&peer};
    peer.service = kPromptService;
    peer.permits_sack = true;
    peer.connect();
    for (int i = 0; i < 20; ++i) step(m, network, peers);
    const std::uint64_t before = m.interface.attachment().counters().prompt_answers;
    std::string expected;
    for (std::uint32_t number = 0; number < 300; ++number) {
      expected += prompt_response(number);
      peer.send(prompt_request(number));
      for (int i = 0; i < 3000 && peer.body.size() < expected.size(); ++i) step(m, network, peers);
      REQUIRE(std::string(peer.body.begin(), peer.body.end()) == expected);
    }
    const std::uint64_t answers = m.interface.attachment().counters().prompt_answers - before;
    CHECK(promptly == (answers > 100));
    static std::vector<std::uint64_t> accounts;
    const struct tcp_pcb* pcb = connection_with(peer.port());
    const std::vector<std::uint64_t> now{pcb->snd_wnd, pcb->rcv_wnd, pcb->rcv_ann_wnd, pcb->flags};
    if (promptly) CHECK(now == accounts);
    accounts = now;
    peer.reset();
    for (int i = 0; i < 5; ++i) step(m, network, peers);
  }
}

TEST_CASE("a path that becomes narrower shortens prompt answers") {
  std::uint16_t port = 3050;
  for (const std::uint16_t mtu : {1400, 600, 500}) {
    Machine& m = serve(true);
    Network network;
    TcpPeer peer(++port);
    TcpPeer* peers[] = {&peer};
    peer.service = kPromptService;
    peer.permits_sack = true;
    peer.connect();
    for (int i = 0; i < 20; ++i) step(m, network, peers);
    NarrowLink link(network, 1500);
    link.loses_fragments = false;
    std::uint64_t before = 0;
    std::string expected;
    for (std::uint32_t number = 0; number < 400; ++number) {
      if (number == 100) link.mtu = mtu;
      if (number == 200) before = m.interface.attachment().counters().prompt_answers;
      expected += prompt_response(number);
      peer.send(prompt_request(number));
      for (int i = 0; i < 150 && peer.body.size() < expected.size(); ++i) step(m, network, peers);
      REQUIRE(std::string(peer.body.begin(), peer.body.end()) == expected);
    }
    CHECK(link.told > 0);
    CHECK(link.told <= 2);
    // Where it takes less than half of the segments, most answers are no single segment any more.
    if (mtu == 1400) CHECK(m.interface.attachment().counters().prompt_answers > before);
    peer.reset();
    for (int i = 0; i < 11 * 60; ++i) {  // until the path is forgotten
      advance(milliseconds(1000));
      step(m, network, peers);
    }
  }
}

TEST_CASE("a frame to another station isn't answered") {
  Machine& m = serve(true);
  Network network;
  TcpPeer peer(3080);
  TcpPeer* peers[] = {&peer};
  peer.service = kPromptService;
  peer.permits_sack = true;
  peer.connect();
  for (int i = 0; i < 20; ++i) step(m, network, peers);
  Bytes frame = peer.segment(TcpPeer::kAck | TcpPeer::kPush, peer.sequence(), peer.expected,
                             prompt_request(1));
  for (unsigned at = 0; at < 6; ++at) {
    frame[at] ^= 0x10;
    m.device.receive(frame, RxChecksum::kVerified);
    settle(m);
    CHECK(m.device.wire.empty());
    frame[at] ^= 0x10;
  }
  m.device.receive(frame, RxChecksum::kVerified);
  settle(m);
  CHECK(m.device.wire.size() == 1);
  tcp_abort(connection_with(peer.port()));
  settle(m);
  m.device.wire.clear();
}

TEST_CASE("the same over a bad network") {
  Machine& m = serve(true);
  const std::uint64_t before = m.interface.attachment().counters().prompt_answers;
  for (const double loss : {0.02, 0.2}) {
    Network network;
    network.to_machine.loss = network.to_peer.loss = loss;
    network.to_machine.reorder = network.to_peer.reorder = 0.2;
    TcpPeer peer(static_cast<std::uint16_t>(3100 + 100 * loss));
    TcpPeer* peers[] = {&peer};
    peer.service = kPromptService;
    peer.permits_sack = true;
    peer.connect();
    for (int i = 0; i < 5000 && !peer.established; ++i) step(m, network, peers);
    std::string expected;
    for (std::uint32_t number = 0; number < 200; ++number) {
      expected += prompt_response(number);
      peer.send(prompt_request(number));
      for (int i = 0; i < 60'000 && peer.body.size() < expected.size(); ++i) {
        step(m, network, peers);
      }
      REQUIRE(std::string(peer.body.begin(), peer.body.end()) == expected);
    }
    network.to_machine.loss = 0;
    peer.reset();
    for (int i = 0; i < 5; ++i) step(m, network, peers);
  }
  CHECK(m.interface.attachment().counters().prompt_answers > before + 100);
}

TEST_CASE("the machine sends exactly what it would send without prompt answers") {
  std::uint16_t port = 4000;
  Network network;
  TcpPeer keeper(3999);  // lwIP's timer runs as long as there is a connection
  TcpPeer* peers[] = {&keeper};
  keeper.service = kPromptService;
  keeper.connect();
  for (int i = 0; i < 20; ++i) step(serve(false), network, peers);
  const std::size_t before = prompt_answers();
  for (unsigned seed = 0; seed < 1500; ++seed) {
    const std::vector<std::string> plain = Life(seed, false, port++).live(40);
    const std::vector<std::string> prompt = Life(seed, true, port++).live(40);
    const auto [one, other] = std::ranges::mismatch(plain, prompt);
    INFO("seed ", seed, ", frame ", one - plain.begin());
    INFO("without: ", one == plain.end() ? "nothing" : one->substr(0, 60));
    INFO("with: ", other == prompt.end() ? "nothing" : other->substr(0, 60));
    REQUIRE(plain == prompt);
  }
  CHECK(prompt_answers() > before + 3000);
}

TEST_CASE("an ACK in the turn of its segment is a round trip of nothing, not of ages") {
  Machine& m = serve(true);
  Network network;
  TcpPeer peer(3999);
  TcpPeer* peers[] = {&peer};
  peer.service = kPromptService;
  peer.permits_sack = true;
  peer.connect();
  for (int i = 0; i < 20; ++i) step(m, network, peers);
  std::size_t expected = 0;
  for (std::uint32_t number = 0; number < 20; ++number) {
    expected += prompt_response(number).size();
    peer.send(prompt_request(number));
    for (int i = 0; i < 3000 && peer.body.size() < expected; ++i) step(m, network, peers);
  }
  for (int i = 0; i < 100; ++i) step(m, network, peers);
  const struct tcp_pcb* pcb = connection_with(peer.port());
  REQUIRE(pcb != nullptr);
  Bytes two = prompt_request(20);
  const Bytes second = prompt_request(21);
  two.insert(two.end(), second.begin(), second.end());
  const auto replies =
      static_cast<std::uint32_t>(prompt_response(20).size() + prompt_response(21).size());
  run_timers();  // the turn begins
  advance(microseconds(20));
  m.device.receive(
      peer.segment(TcpPeer::kAck | TcpPeer::kPush, peer.sequence(), peer.expected, two));
  m.device.receive(peer.segment(TcpPeer::kAck, peer.sequence() + 8, peer.expected + replies));
  static_cast<void>(m.interface.turn());
  const auto& sender = *static_cast<const netstack::Sender*>(pcb->sender);
  REQUIRE(sender.unacknowledged() == 0);
  CHECK(sender.recovery().round_trip().timeout() < milliseconds(1000));
}
