// TCP's timers: connections that only wait are left alone, and any new work brings their timers
// back.
#include <doctest/doctest.h>

#include <array>
#include <vector>

#include "lwip/priv/tcp_priv.h"
#include "lwip/stats.h"
#include "lwip/tcp.h"
#include "netstack/lwip/heap.hpp"
#include "netstack/sender/block.hpp"
#include "netstack/stack.hpp"
#include "tests/unit/netstack/held_stream.hpp"
#include "tests/unit/netstack/tcp_server.hpp"

using namespace mote;
using namespace mote::world;
using netstack::TcpStream;

namespace {

// A peer, and the machine's connection with it.
struct Pair {
  explicit Pair(std::uint16_t port) : peer(port) {
    hold_streams();
    peer.service = kHeldService;
    peer.connect();
    run(10);
    REQUIRE(peer.established);
    pcb = connection_with(port);
    REQUIRE(pcb != nullptr);
    service = &last_held();
  }

  void run(int milliseconds) {
    TcpPeer* peers[] = {&peer};
    for (int i = 0; i < milliseconds; ++i) step(server(), network, peers);
  }

  // Waits until any timer of a connection with nothing to do has found that out.
  void rest() {
    run(250);
    REQUIRE(pcb->queue == TCP_IDLE);
  }

  TcpPeer peer;
  Network network;
  struct tcp_pcb* pcb = nullptr;
  HeldStream* service = nullptr;
};

// Takes all blocks of lwIP's heap; returns them at its end.
class Famine {
 public:
  Famine() {
    while (void* block = netstack::heap::allocate(1)) blocks_.push_back(block);
    for (const std::size_t bytes : {1000, 4000, 65'000}) {
      while (void* block = netstack::heap::allocate(bytes)) blocks_.push_back(block);
    }
  }
  ~Famine() {
    for (void* block : blocks_) netstack::heap::free(block);
  }
  Famine(const Famine&) = delete;
  Famine& operator=(const Famine&) = delete;

 private:
  std::vector<void*> blocks_;
};

// Takes all blocks for frames' headers.
class FrameFamine {
 public:
  FrameFamine() {
    while (netstack::Block* block = netstack::blocks::take_for_frame(0)) blocks_.push_back(block);
  }
  ~FrameFamine() {
    for (netstack::Block* block : blocks_) netstack::blocks::frame_sent(*block);
  }
  FrameFamine(const FrameFamine&) = delete;
  FrameFamine& operator=(const FrameFamine&) = delete;

 private:
  std::vector<netstack::Block*> blocks_;
};

void wait(int milliseconds) {
  Network network;
  for (int i = 0; i < milliseconds; ++i) step(server(), network, {});
}

// The number of frames that the machine sends by itself in this many milliseconds.
std::size_t frames_within(int milliseconds_to_wait) {
  Machine& m = server();
  m.device.wire.clear();
  for (int i = 0; i < milliseconds_to_wait; ++i) {
    advance(milliseconds(1));
    settle(m);
    m.interface.turn();
  }
  const std::size_t frames = m.device.wire.size();
  m.device.wire.clear();
  return frames;
}

// Opens a connection from `port`, and closes it a while later, the machine first; this leaves it in
// TIME-WAIT.
void pass_to_time_wait(std::uint16_t port, int open_milliseconds = 0) {
  Pair pair(port);
  pair.run(open_milliseconds);
  pair.service->release();
  pair.run(10);
  REQUIRE(pair.peer.finished);
  pair.peer.close();
  pair.run(10);
  REQUIRE(connection_with(port) == nullptr);
}

bool is_in_time_wait(std::uint16_t port) {
  struct tcp_pcb* pcb = tcp_tw_pcbs;
  while (pcb != nullptr && pcb->remote_port != port) pcb = pcb->next;
  return pcb != nullptr;
}

}  // namespace

TEST_CASE("data written to an idle connection is resent if lost") {
  Pair pair(2000);
  pair.rest();
  pair.network.to_peer.loss = 1;
  pair.service->send(body().data(), 500);
  pair.run(100);
  pair.network.to_peer.loss = 0;
  CHECK(pair.peer.body.empty());
  pair.run(1500);
  CHECK(pair.peer.body.size() == 500);
  pair.rest();
}

// A doze ends at next_timer(), which must be as early as the first of lwIP's and the sender's.
TEST_CASE("lost data is resent as soon when time passes from timer to timer") {
  const auto time_until_resent = [](std::uint16_t port, bool from_timer_to_timer) {
    Pair pair(port);
    pair.rest();
    Machine& m = server();
    const Nanoseconds start = clock::now();
    pair.service->send(body().data(), 500);
    settle(m);
    REQUIRE(m.device.wire.size() == 1);
    unsigned looks = 0;
    for (m.device.wire.clear(); m.device.wire.empty(); ++looks) {
      REQUIRE(looks < 5000);
      const Nanoseconds next = netstack::next_timer();
      REQUIRE(next > clock::now());
      advance(from_timer_to_timer ? next - clock::now() : milliseconds(1));
      settle(m);
      m.interface.turn();
    }
    CHECK((looks < 50) == from_timer_to_timer);
    const std::uint64_t taken = (clock::now() - start).value / 1'000'000;
    pair.run(1500);
    REQUIRE(pair.peer.body.size() == 500);
    return taken;
  };
  const std::uint64_t usual = time_until_resent(2050, false);
  const std::uint64_t dozing = time_until_resent(2051, true);
  CHECK(usual >= dozing);
  CHECK(usual - dozing <= 1);
}

TEST_CASE("data in pieces written to an idle connection is resent if lost") {
  Pair pair(2001);
  pair.rest();
  const std::array pieces = {piece_at(body().data(), 100), piece_at(body().data() + 100, 400)};
  pair.network.to_peer.loss = 1;
  REQUIRE(pair.service->stream().write_message(pieces, 500));
  pair.service->stream().flush();
  pair.run(100);
  pair.network.to_peer.loss = 0;
  pair.run(1500);
  CHECK(pair.peer.body == Bytes(body().begin(), body().begin() + 500));
  pair.rest();
}

TEST_CASE("an idle connection probes a shut window") {
  Pair pair(2002);
  pair.peer.window = 0;
  pair.peer.outgoing.push_back(
      pair.peer.segment(TcpPeer::kAck, pair.peer.sequence(), pair.peer.expected));
  pair.rest();
  pair.service->send(body().data(), 500);
  pair.run(100);
  CHECK(pair.peer.body.empty());
  pair.peer.window = 60'000;  // the window update was lost
  pair.run(2000);
  CHECK(pair.peer.body.size() == 500);
  pair.rest();
}

TEST_CASE("an idle connection acknowledges a single segment in time") {
  Pair pair(2003);
  pair.rest();
  pair.peer.send(Bytes(10));
  int delay = 0;
  while ((pair.pcb->flags & TF_ACK_DELAY) == 0 && ++delay < 5) pair.run(1);
  REQUIRE((pair.pcb->flags & TF_ACK_DELAY) != 0);
  pair.run(TCP_FAST_INTERVAL + 1);
  CHECK((pair.pcb->flags & (TF_ACK_DELAY | TF_ACK_NOW)) == 0);
  pair.rest();
}

TEST_CASE("an idle connection is polled as soon as that is asked for") {
  Pair pair(2004);
  pair.rest();
  pair.service->retry_later(true);
  pair.run(1000);
  CHECK(pair.service->retries() >= 9);
  CHECK(pair.service->retries() <= 11);
  pair.service->retry_later(false);
  pair.rest();
}

TEST_CASE("a callback of the timer may abort its connection, and any other") {
  static HeldStream* other;
  for (const std::size_t distance : {2, 4}) {  // the other comes before it, or after it
    std::vector<Pair> pairs;
    for (std::uint16_t port = 2010; port < 2016; ++port) pairs.emplace_back(port);
    for (Pair& pair : pairs) pair.service->retry_later(true);
    other = pairs[distance].service;
    pairs[3].service->at_retry = [](HeldStream& self) {
      other->abort();
      self.abort();
    };
    wait(200);
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      const bool is_gone = i == 3 || i == distance;
      CHECK((connection_with(static_cast<std::uint16_t>(2010 + i)) == nullptr) == is_gone);
      CHECK(pairs[i].service->is_open() != is_gone);
      if (pairs[i].service->is_open()) pairs[i].service->abort();
    }
    wait(100);
  }
}

TEST_CASE("the FIN of an idle connection is resent if lost") {
  Pair pair(2005);
  pair.rest();
  pair.network.to_peer.loss = 1;
  pair.service->release();
  pair.run(100);
  pair.network.to_peer.loss = 0;
  CHECK_FALSE(pair.peer.finished);
  pair.run(1500);
  CHECK(pair.peer.finished);
}

TEST_CASE("a FIN that found no memory is sent once there is some") {
  Pair pair(2006);
  pair.rest();
  {
    const FrameFamine famine;
    pair.service->release();
    pair.run(200);
    CHECK_FALSE(pair.peer.finished);
  }
  pair.run(60);
  CHECK(pair.peer.finished);
}

TEST_CASE("an acknowledgement that found no memory is sent once there is some") {
  Pair pair(2007);
  pair.rest();
  pair.pcb->rcv_wnd = TCP_WND / 4;  // as if the rest waited to be read
  pair.pcb->rcv_ann_right_edge = pair.pcb->rcv_nxt + pair.pcb->rcv_wnd;
  {
    const FrameFamine frames;  // the sender's, which lwIP makes up for
    const Famine famine;
    pair.service->stream().open_window(TCP_WND - TCP_WND / 4);
  }
  CHECK(frames_within(TCP_FAST_INTERVAL + 1) == 1);
  pair.rest();
}

TEST_CASE("a challenge ACK to a reset that found no memory is sent once there is some") {
  Pair pair(2017);
  pair.rest();
  {
    const FrameFamine frames;
    const Famine famine;
    // RFC 5961, 3.2: a reset inside the window, but not at its edge.
    server().device.receive(pair.peer.segment(TcpPeer::kRst, pair.peer.sequence() + 1, 0));
    settle(server());
  }
  CHECK(frames_within(TCP_FAST_INTERVAL + 1) == 1);
  pair.rest();
}

TEST_CASE("a connection waits for its peer's FIN no longer than it should") {
  Pair pair(2008);
  pair.service->release();
  pair.run(10);
  REQUIRE(pair.pcb->state == FIN_WAIT_2);
  wait(TCP_FIN_WAIT_TIMEOUT - 1000);
  CHECK(connection_with(2008) != nullptr);
  wait(2000);
  CHECK(connection_with(2008) == nullptr);

  server().device.receive(TcpPeer(2009).segment(TcpPeer::kSyn, 1, 0));
  wait(TCP_SYN_RCVD_TIMEOUT - 1000);
  CHECK(connection_with(2009) != nullptr);
  wait(2000);
  CHECK(connection_with(2009) == nullptr);
}

TEST_CASE("TIME-WAIT lasts two segment lifetimes from its start") {
  pass_to_time_wait(2020, 5000);
  wait(10'000);
  pass_to_time_wait(2021);
  wait(2 * TCP_MSL - 10'000 - 1000);
  CHECK(is_in_time_wait(2020));
  wait(2000);
  CHECK_FALSE(is_in_time_wait(2020));
  CHECK(is_in_time_wait(2021));
  wait(10'000);
  CHECK_FALSE(is_in_time_wait(2021));
}

TEST_CASE("of connections in TIME-WAIT the longest unheard of gives way") {
  for (std::uint16_t port = 2030; port < 2036; ++port) pass_to_time_wait(port);
  TcpPeer again(2030);
  again.service = kHeldService;
  // Its retransmitted FIN follows its SYN.
  server().device.receive(again.segment(TcpPeer::kFin | TcpPeer::kAck, again.sequence() + 1, 0));
  wait(10);
  std::vector<struct tcp_pcb*> taken;
  const struct stats_mem& pcbs = *lwip_stats.memp[MEMP_TCP_PCB];
  while (pcbs.used < pcbs.avail) taken.push_back(tcp_new());
  for (const std::uint16_t port : {2031, 2032, 2033, 2034, 2035, 2030}) {
    CHECK(is_in_time_wait(port));
    taken.push_back(tcp_new());
    REQUIRE(taken.back() != nullptr);
    CHECK_FALSE(is_in_time_wait(port));
  }
  for (struct tcp_pcb* pcb : taken) tcp_abort(pcb);
}

TEST_CASE("a crowd of idle connections is in no queue, and each is served at once") {
  std::vector<Pair> crowd;
  for (std::uint16_t port = 10'000; port < 10'800; ++port) crowd.emplace_back(port);
  wait(250);
  for (Pair& pair : crowd) {
    REQUIRE(pair.pcb->queue == TCP_IDLE);
    pair.service->send(body().data(), 100);
    pair.run(3);
    REQUIRE(pair.peer.body.size() == 100);
  }
  for (Pair& pair : crowd) pair.service->abort();
  wait(10);
}
