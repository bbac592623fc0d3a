// Long segments in trouble: losses, shut windows, no memory, a device that returns segments late.
#include <doctest/doctest.h>

#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"
#include "netstack/wire/headers.hpp"
#include "tests/unit/netstack/tcp_server.hpp"

using namespace mote;
using namespace mote::world;

namespace {

// Runs before the machine is made, which needs a device that cuts.
const bool prepared = [] {
  machine_segmentation = Segmentation::kWholeLength;
  return true;
}();

// The machine's connection with a port of the peer's.
struct tcp_pcb* connection_of(std::uint16_t port) {
  REQUIRE(prepared);
  struct tcp_pcb* pcb = connection_with(port);
  REQUIRE(pcb != nullptr);
  return pcb;
}

// The port of a server that closes when its client does.
std::uint16_t closing_port() {
  static bool listening = false;
  if (!listening) {
    listening = true;
    server();
    struct tcp_pcb* pcb = tcp_new();
    REQUIRE(tcp_bind(pcb, IP_ADDR_ANY, 82) == ERR_OK);
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
  return 82;
}

}  // namespace

TEST_CASE("a client that closes its side during recovery gets the whole response") {
  Machine& m = server();
  Network network;
  TcpPeer peer(2920);
  peer.service = closing_port();
  peer.connect();
  run(peer, network, 20);
  struct tcp_pcb* pcb = connection_of(2920);
  // Three frames, sent one by one, of which the first two are lost.
  for (int i = 0; i < 3; ++i) {
    REQUIRE(tcp_write(pcb, body().data() + i * 1460, 1460, 0) == ERR_OK);
    tcp_output(pcb);
    settle(m);
  }
  m.device.wire.clear();
  const std::uint32_t start = peer.expected;
  for (int i = 0; i < 3; ++i) {
    m.device.receive(peer.segment(TcpPeer::kAck, peer.sequence(), start));
  }
  settle(m);
  m.device.wire.clear();
  // The first one was resent, and the client sends no more.
  m.device.receive(peer.segment(TcpPeer::kAck | TcpPeer::kFin, peer.sequence(), start + 1460));
  settle(m);
  bool repaired = false;
  for (const Bytes& frame : m.device.wire) {
    const auto& tcp = *reinterpret_cast<const netstack::TcpHeader*>(frame.data() + 34);
    const bool ends = (tcp.offset_and_flags & TcpPeer::kFin) != 0;
    repaired |= tcp.sequence == start + 1460 && !ends;
    if (ends) CHECK(tcp.sequence == start + 3 * 1460);
  }
  CHECK(repaired);
  m.device.wire.clear();
  peer.reset();
  run(peer, network, 20);
}

TEST_CASE("the last byte is acknowledged while the window is shut") {
  Machine& m = server();
  Network network;
  TcpPeer peer(2900);
  peer.connect();
  run(peer, network, 20);
  struct tcp_pcb* pcb = connection_of(2900);
  peer.send(request_for(0));
  run(peer, network, 300);
  peer.window = 0;
  peer.send(request_for(0));
  run(peer, network, 300);
  REQUIRE(pcb->snd_wnd == 0);
  REQUIRE(tcp_write(pcb, body().data(), 1, 0) == ERR_OK);
  tcp_output(pcb);
  settle(m);
  run(peer, network, 5000);  // probes of the shut window carry that byte
  CHECK(peer.body.size() == 1);
  run(peer, network, 60'000);
  CHECK_FALSE(peer.was_reset);
  CHECK(connection_with(2900) == pcb);
  peer.reset();
  run(peer, network, 20);
}

TEST_CASE("a window of 65,536 bytes opens while there is no memory for a split") {
  Machine& m = server();
  Network network;
  TcpPeer peer(2930);
  peer.window = 40'000 >> peer.scale;
  peer.connect();
  run(peer, network, 20);
  struct tcp_pcb* pcb = connection_of(2930);
  peer.send(request_for(0));
  run(peer, network, 300);
  peer.window = 0;
  peer.send(request_for(0));
  run(peer, network, 300);
  REQUIRE(pcb->snd_wnd == 0);
  REQUIRE(tcp_write(pcb, body().data(), 60'000, 0) == ERR_OK);
  tcp_output(pcb);
  settle(m);
  CHECK(pcb->persist_backoff > 0);
  // Others take all pbufs, and the window opens.
  struct pbuf* others = nullptr;
  while (struct pbuf* taken = pbuf_alloc(PBUF_RAW, 0, PBUF_ROM)) {
    if (others != nullptr) pbuf_cat(taken, others);
    others = taken;
  }
  peer.window = static_cast<std::uint16_t>(65'536 >> peer.scale);
  m.device.receive(peer.segment(TcpPeer::kAck, peer.sequence(), peer.expected));
  settle(m);
  for (int i = 0; i < 2000; ++i) {
    advance(milliseconds(1));
    settle(m);
  }
  m.device.wire.clear();
  pbuf_free(others);
  run(peer, network, 5000);
  CHECK(peer.body.size() == 60'000);
  peer.reset();
  run(peer, network, 20);
}

TEST_CASE("only the hole in a partly acknowledged segment is resent") {
  Machine& m = server();
  Network network;
  TcpPeer peer(2910);
  TcpPeer* peers[] = {&peer};
  peer.connect();
  run(peer, network, 20);
  peer.send(request_for(4'000'000));
  while (peer.body.size() < 1'000'000) step(m, network, peers);
  // The device still holds the segment when the ACK for its first frames comes.
  struct tcp_pcb* pcb = connection_of(2910);
  m.device.wire.clear();
  network = {};
  REQUIRE(pcb->unacked != nullptr);
  struct tcp_seg* last = pcb->unacked;
  REQUIRE(last->len > 10 * 1460);
  pbuf_ref(last->p);  // as the device's ring does
  const std::uint32_t hole = lwip_ntohl(last->tcphdr->seqno) + 5 * 1460;
  m.device.receive(peer.segment(TcpPeer::kAck, peer.sequence(), hole));
  settle(m);
  m.device.wire.clear();
  pbuf_free(last->p);
  for (int i = 0; i < 3; ++i) {
    m.device.receive(peer.segment(TcpPeer::kAck, peer.sequence(), hole));
  }
  settle(m);
  bool resent = false;
  for (const Bytes& frame : m.device.wire) {
    const auto& tcp = *reinterpret_cast<const netstack::TcpHeader*>(frame.data() + 34);
    resent |= tcp.sequence == hole;
  }
  CHECK(resent);
  CHECK(lwip_ntohl(pcb->unacked->tcphdr->seqno) == hole);
  m.device.wire.clear();
  peer.reset();
  run(peer, network, 20);
}
