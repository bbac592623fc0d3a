// A server on the machine under test.
#include "tests/unit/netstack/tcp_server.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "lwip/tcp.h"
#include "netstack/tcp/send_buffer.hpp"

namespace mote::world {
namespace {

constexpr std::size_t kBodyBytes = 64 * 1024 * 1024;

// A server that sends as many bytes of the body as the request's four bytes say, by reference, and
// closes.
struct Session {
  std::size_t wanted = 0;
  std::size_t written = 0;
};

// Writes as much as lwIP takes: if not a whole piece, half of it, down to one segment.
void write_more(Session* session, struct tcp_pcb* pcb) {
  std::size_t most = 0xFFFF;
  while (session->written < session->wanted && most > 0) {
    const std::size_t bytes =
        std::min<std::size_t>({session->wanted - session->written, tcp_sndbuf(pcb), most});
    const bool waits = pcb->unacked != nullptr && bytes < session->wanted - session->written &&
                       tcp_sndbuf(pcb) < pcb->tso_bytes;
    if (bytes == 0 || waits) break;
    if (tcp_write(pcb, body().data() + session->written, static_cast<u16_t>(bytes), 0) == ERR_OK) {
      session->written += bytes;
    } else {
      most = most > tcp_mss(pcb) ? most / 2 : 0;
    }
  }
  tcp_output(pcb);
}

void end_session(struct tcp_pcb* pcb, Session* session) {
  tcp_arg(pcb, nullptr);
  tcp_sent(pcb, nullptr);
  tcp_recv(pcb, nullptr);
  tcp_err(pcb, nullptr);
  tcp_poll(pcb, nullptr, 0);
  tcp_close(pcb);
  delete session;
}

err_t progressed(void* argument, struct tcp_pcb* pcb, u16_t) {
  auto* session = static_cast<Session*>(argument);
  write_more(session, pcb);
  if (session->wanted != 0 && session->written == session->wanted && pcb->unsent == nullptr) {
    end_session(pcb, session);
  }
  return ERR_OK;
}

err_t received(void* argument, struct tcp_pcb* pcb, struct pbuf* data, err_t) {
  auto* session = static_cast<Session*>(argument);
  if (data == nullptr) {
    end_session(pcb, session);
    return ERR_OK;
  }
  tcp_recved(pcb, data->tot_len);
  std::uint8_t size[4]{};
  pbuf_copy_partial(data, size, 4, 0);
  session->wanted =
      static_cast<std::size_t>(size[0]) << 24 | size[1] << 16 | size[2] << 8 | size[3];
  pbuf_free(data);
  write_more(session, pcb);
  return ERR_OK;
}

err_t accepted(void*, struct tcp_pcb* pcb, err_t) {
  if (pcb == nullptr) return ERR_VAL;
  netstack::widen_send_buffer(*pcb);
  tcp_arg(pcb, new Session);
  tcp_recv(pcb, received);
  tcp_sent(pcb, progressed);
  tcp_poll(
      pcb, [](void* argument, struct tcp_pcb* polled) { return progressed(argument, polled, 0); },
      5);
  tcp_err(pcb, [](void* argument, err_t) { delete static_cast<Session*>(argument); });
  return ERR_OK;
}

}  // namespace

const Bytes& body() {
  static const Bytes bytes = [] {
    Bytes made(kBodyBytes);
    std::mt19937 random(5);
    for (auto& byte : made) byte = static_cast<std::uint8_t>(random());
    return made;
  }();
  return bytes;
}

Machine& server() {
  static bool listening = false;
  Machine& m = machine();
  if (!listening) {
    listening = true;
    struct tcp_pcb* pcb = tcp_new();
    REQUIRE(tcp_bind(pcb, IP_ADDR_ANY, 80) == ERR_OK);
    tcp_accept(tcp_listen(pcb), accepted);
  }
  return m;
}

Bytes request_for(std::size_t bytes) {
  return {static_cast<std::uint8_t>(bytes >> 24), static_cast<std::uint8_t>(bytes >> 16),
          static_cast<std::uint8_t>(bytes >> 8), static_cast<std::uint8_t>(bytes)};
}

long fetch(Network& network, std::size_t bytes, std::uint16_t port) {
  Machine& m = server();
  TcpPeer peer(port);
  TcpPeer* peers[] = {&peer};
  peer.body.reserve(bytes);
  const Nanoseconds start = clock::now();
  peer.connect();
  bool requested = false;
  for (long i = 0; i < 3'600'000; ++i) {
    step(m, network, peers);
    if (peer.established && !requested) {
      requested = true;
      peer.send(request_for(bytes));
    }
    if (peer.was_reset) {
      MESSAGE("reset after ", i, " ms, ", peer.body.size(), " bytes");
      break;
    }
    if (peer.finished) {
      peer.close();
      for (int after = 0; after < 500; ++after) step(m, network, peers);
      REQUIRE(peer.body.size() == bytes);
      CHECK(std::equal(peer.body.begin(), peer.body.end(), body().begin()));
      return static_cast<long>((clock::now() - start).value / 1'000'000) - 500;
    }
  }
  return -1;
}

void run(TcpPeer& peer, Network& network, int milliseconds) {
  TcpPeer* peers[] = {&peer};
  for (int i = 0; i < milliseconds; ++i) step(server(), network, peers);
}

}  // namespace mote::world
