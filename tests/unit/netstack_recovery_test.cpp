// Long segments when something goes wrong: losses, shut windows, no memory, a device that gives
// segments back late.
#include <doctest/doctest.h>

#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"
#include "netstack/wire.hpp"
#include "tests/unit/tcp_server.hpp"

using namespace mote;
using namespace mote::world;

namespace {

// Before the machine is made: it is to have a device that cuts.
const bool prepared = [] {
  machine_segmentation = Segmentation::kWholeLength;
  return true;
}();

void run(TcpPeer& peer, Network& network, int milliseconds) {
  TcpPeer* peers[] = {&peer};
  for (int i = 0; i < milliseconds; ++i) step(server(), network, peers);
}

// The machine's connection with a port of the peer's.
struct tcp_pcb* connection_with(std::uint16_t port) {
  REQUIRE(prepared);
  struct tcp_pcb* pcb = tcp_active_pcbs;
  while (pcb != nullptr && pcb->remote_port != port) pcb = pcb->next;
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

TEST_CASE("a client that closes its side during recovery gets the response whole") {
  Machine& m = server();
  Network network;
  TcpPeer peer(2920);
  peer.service = closing_port();
  peer.connect();
  run(peer, network, 20);
  struct tcp_pcb* pcb = connection_with(2920);
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
  // The first one was resent; and no more requests are to come.
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
