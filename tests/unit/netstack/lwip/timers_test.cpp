// TCP's timers: connections that only wait are left alone, and any new work brings their timers
// back.
#include <doctest/doctest.h>

#include <vector>

#include "lwip/priv/tcp_priv.h"
#include "lwip/stats.h"
#include "lwip/tcp.h"
#include "netstack/lwip/heap.hpp"
#include "tests/unit/netstack/tcp_server.hpp"

using namespace mote;
using namespace mote::world;

namespace {

constexpr std::uint16_t kPort = 83;

// A service that consumes data silently; it closes when its client does.
void listen_silently() {
  static bool listening = false;
  server();
  if (listening) return;
  listening = true;
  struct tcp_pcb* pcb = tcp_new();
  REQUIRE(tcp_bind(pcb, IP_ADDR_ANY, kPort) == ERR_OK);
  tcp_accept(tcp_listen(pcb), [](void*, struct tcp_pcb* accepted, err_t) -> err_t {
    tcp_recv(accepted, [](void*, struct tcp_pcb* open, struct pbuf* data, err_t) -> err_t {
      if (data == nullptr) return tcp_close(open);
      tcp_recved(open, data->tot_len);
      pbuf_free(data);
      return ERR_OK;
    });
    return ERR_OK;
  });
}

// A peer, and the machine's connection with it.
struct Pair {
  explicit Pair(std::uint16_t port) : peer(port) {
    listen_silently();
    peer.service = kPort;
    peer.connect();
    run(10);
    REQUIRE(peer.established);
    pcb = connection_with(port);
    REQUIRE(pcb != nullptr);
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
};

// Takes all blocks for segments' headers; returns them at its end.
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
  REQUIRE(tcp_close(pair.pcb) == ERR_OK);
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
  REQUIRE(tcp_write(pair.pcb, body().data(), 500, 0) == ERR_OK);
  tcp_output(pair.pcb);
  pair.run(100);
  pair.network.to_peer.loss = 0;
  CHECK(pair.peer.body.empty());
  pair.run(1500);
  CHECK(pair.peer.body.size() == 500);
  pair.rest();
}

TEST_CASE("data in pieces written to an idle connection is resent if lost") {
  Pair pair(2001);
  pair.rest();
  const struct tcp_piece pieces[] = {{body().data(), 100}, {body().data() + 100, 400}};
  pair.network.to_peer.loss = 1;
  REQUIRE(tcp_write_pieces(pair.pcb, pieces, 2, TCP_WRITE_FLAG_COPY) == ERR_OK);
  tcp_output(pair.pcb);
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
  REQUIRE(pair.pcb->snd_wnd == 0);
  REQUIRE(tcp_write(pair.pcb, body().data(), 500, 0) == ERR_OK);
  tcp_output(pair.pcb);
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
  static int polls;
  polls = 0;
  Pair pair(2004);
  pair.rest();
  tcp_poll(
      pair.pcb,
      [](void*, struct tcp_pcb*) -> err_t {
        ++polls;
        return ERR_OK;
      },
      1);
  pair.run(1000);
  CHECK(polls >= 9);
  CHECK(polls <= 11);
  tcp_poll(pair.pcb, nullptr, 0);
  pair.rest();
}

TEST_CASE("a callback of the timer may abort its connection, and any other") {
  static struct tcp_pcb* other;
  const auto abort_both = [](void*, struct tcp_pcb* polled) -> err_t {
    if (other != nullptr) tcp_abort(other);
    other = nullptr;
    tcp_abort(polled);
    return ERR_ABRT;
  };
  for (const int distance : {-1, 1}) {  // the other comes before it, or after it
    std::vector<Pair> pairs;
    for (std::uint16_t port = 2010; port < 2016; ++port) pairs.emplace_back(port);
    for (Pair& pair : pairs) {
      tcp_poll(pair.pcb, [](void*, struct tcp_pcb*) -> err_t { return ERR_OK; }, 1);
    }
    other = pairs[static_cast<std::size_t>(3 + distance)].pcb;
    tcp_poll(pairs[3].pcb, abort_both, 1);
    wait(200);
    for (std::uint16_t i = 0; i < 6; ++i) {
      const bool is_gone = i == 3 || i == 3 + distance;
      struct tcp_pcb* pcb = connection_with(static_cast<std::uint16_t>(2010 + i));
      CHECK((pcb == nullptr) == is_gone);
      if (pcb != nullptr) tcp_abort(pcb);
    }
    wait(100);
  }
}

TEST_CASE("the FIN of an idle connection is resent if lost") {
  Pair pair(2005);
  pair.rest();
  pair.network.to_peer.loss = 1;
  REQUIRE(tcp_close(pair.pcb) == ERR_OK);
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
    const Famine famine;
    REQUIRE(tcp_close(pair.pcb) == ERR_OK);
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
    const Famine famine;
    tcp_recved(pair.pcb, TCP_WND - TCP_WND / 4);
  }
  CHECK(frames_within(TCP_FAST_INTERVAL + 1) == 1);
  pair.rest();
}

TEST_CASE("a challenge ACK to a reset that found no memory is sent once there is some") {
  Pair pair(2017);
  pair.rest();
  {
    const Famine famine;  // RFC 5961, 3.2: a reset inside the window, but not at its edge
    server().device.receive(pair.peer.segment(TcpPeer::kRst, pair.peer.sequence() + 1, 0));
    settle(server());
  }
  CHECK(frames_within(TCP_FAST_INTERVAL + 1) == 1);
  pair.rest();
}

TEST_CASE("a connection waits for its peer's FIN no longer than it should") {
  Pair pair(2008);
  REQUIRE(tcp_close(pair.pcb) == ERR_OK);
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
  again.service = kPort;
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
    tcp_write(pair.pcb, body().data(), 100, 0);
    tcp_output(pair.pcb);
    pair.run(3);
    REQUIRE(pair.peer.body.size() == 100);
  }
  for (Pair& pair : crowd) tcp_abort(pair.pcb);
  wait(10);
}
