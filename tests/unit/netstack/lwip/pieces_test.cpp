// Messages in pieces: each becomes one segment, completely or not at all.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "lwip/memp.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/stats.h"
#include "lwip/tcp.h"
#include "mote_hooks.h"
#include "netstack/lwip/heap.hpp"
#include "netstack/tcp/send_buffer.hpp"
#include "tests/unit/netstack/tcp_server.hpp"

using namespace mote;
using namespace mote::world;

namespace {

// Runs before the machine is made, which needs a device that cuts.
const bool prepared = [] {
  machine_segmentation = Segmentation::kWholeLength;
  return true;
}();

constexpr std::uint16_t kPort = 84;

// The bytes of the body in each piece of an answer.
using Lengths = std::array<std::uint16_t, 4>;
Lengths lengths{};

std::size_t answer_bytes() {
  std::size_t bytes = 0;
  for (const std::uint16_t length : lengths) bytes += length;
  return bytes;
}

std::array<struct tcp_piece, 4> pieces_of(const std::uint8_t* from) {
  std::array<struct tcp_piece, 4> pieces{};
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    pieces[i] = {from, lengths[i]};
    from += lengths[i];
  }
  return pieces;
}

// Answers each byte received with the beginning of the body, in pieces if possible.
err_t answer(void*, struct tcp_pcb* open, struct pbuf* data, err_t) {
  if (data == nullptr) return tcp_close(open);
  const auto pieces = pieces_of(body().data());
  for (int i = 0; i < data->tot_len; ++i) {
    if (tcp_write_pieces(open, pieces.data(), 4, TCP_WRITE_FLAG_COPY) == ERR_OK) continue;
    REQUIRE(tcp_write(open, body().data(), static_cast<u16_t>(answer_bytes()), 0) == ERR_OK);
  }
  tcp_recved(open, data->tot_len);
  pbuf_free(data);
  return ERR_OK;
}

void listen() {
  static bool listening = false;
  REQUIRE(prepared);
  server();
  if (listening) return;
  listening = true;
  struct tcp_pcb* pcb = tcp_new();
  REQUIRE(tcp_bind(pcb, IP_ADDR_ANY, kPort) == ERR_OK);
  tcp_accept(tcp_listen(pcb), [](void*, struct tcp_pcb* accepted, err_t) -> err_t {
    tcp_nagle_disable(accepted);
    netstack::widen_send_buffer(*accepted);
    tcp_recv(accepted, answer);
    return ERR_OK;
  });
}

// A peer, and the machine's connection with it.
struct Pair {
  explicit Pair(std::uint16_t port) : peer(port) {
    listen();
    peer.service = kPort;
    peer.connect();
    run(300);
    REQUIRE(peer.established);
    pcb = tcp_active_pcbs;
    while (pcb != nullptr && pcb->remote_port != port) pcb = pcb->next;
    REQUIRE(pcb != nullptr);
  }
  ~Pair() {
    tcp_abort(pcb);
    settle(server());
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  void run(int milliseconds) {
    TcpPeer* peers[] = {&peer};
    for (int i = 0; i < milliseconds; ++i) step(server(), network, peers);
  }

  TcpPeer peer;
  Network network;
  struct tcp_pcb* pcb = nullptr;
};

// The resources that a write may change.
struct Holdings {
  explicit Holdings(const struct tcp_pcb& pcb)
      : blocks(netstack::heap::used()),
        pbufs(lwip_stats.memp[MEMP_PBUF]->used),
        segments(lwip_stats.memp[MEMP_TCP_SEG]->used),
        room(pcb.snd_buf),
        queued(pcb.snd_queuelen),
        end(pcb.snd_lbb) {}
  bool operator==(const Holdings&) const = default;
  std::size_t blocks, pbufs, segments, room, queued, end;
};

// Takes all elements of a pool but a given number; returns them at its end.
class Scarcity {
 public:
  Scarcity(memp_t pool, int but) : pool_(pool) {
    while (void* element = memp_malloc(pool)) elements_.push_back(element);
    for (; but > 0; --but) {
      memp_free(pool, elements_.back());
      elements_.pop_back();
    }
  }
  ~Scarcity() {
    for (void* element : elements_) memp_free(pool_, element);
  }
  Scarcity(const Scarcity&) = delete;
  Scarcity& operator=(const Scarcity&) = delete;

 private:
  memp_t pool_;
  std::vector<void*> elements_;
};

err_t write(Pair& pair) {
  const auto pieces = pieces_of(body().data());
  return tcp_write_pieces(pair.pcb, pieces.data(), 4, TCP_WRITE_FLAG_COPY);
}

}  // namespace

TEST_CASE("a message in pieces is one segment whose first piece is a copy") {
  Pair pair(3000);
  Bytes head{1, 2, 3, 4, 5};
  const struct tcp_piece pieces[] = {
      {head.data(), 5}, {body().data(), 100}, {nullptr, 0}, {body().data() + 100, 900}};
  REQUIRE(tcp_write_pieces(pair.pcb, pieces, 4, TCP_WRITE_FLAG_COPY) == ERR_OK);
  std::ranges::fill(head, 0);
  REQUIRE(pair.pcb->unsent != nullptr);
  CHECK(pair.pcb->unsent->next == nullptr);
  CHECK(pair.pcb->unsent->len == 1005);
  CHECK(pair.pcb->unsent->p->tot_len == 1005 + TCP_HLEN);
  CHECK(pair.pcb->unsent->p->len == 5 + TCP_HLEN);
  CHECK(pair.pcb->snd_queuelen == 3);
  CHECK((TCPH_FLAGS(pair.pcb->unsent->tcphdr) & TCP_PSH) != 0);
  tcp_output(pair.pcb);
  pair.run(60);
  Bytes expected{1, 2, 3, 4, 5};
  expected.insert(expected.end(), body().begin(), body().begin() + 1000);
  CHECK(pair.peer.body == expected);
  CHECK(pair.pcb->snd_queuelen == 0);
}

TEST_CASE("without a copy all pieces are referenced, and more may follow") {
  Pair pair(3001);
  const struct tcp_piece pieces[] = {{body().data(), 10}, {body().data() + 10, 20}};
  REQUIRE(tcp_write_pieces(pair.pcb, pieces, 2, TCP_WRITE_FLAG_MORE) == ERR_OK);
  CHECK(pair.pcb->unsent->p->len == TCP_HLEN);
  CHECK(pair.pcb->snd_queuelen == 3);
  CHECK((TCPH_FLAGS(pair.pcb->unsent->tcphdr) & TCP_PSH) == 0);
  REQUIRE(tcp_write(pair.pcb, body().data() + 30, 40, 0) == ERR_OK);
  CHECK(pair.pcb->unsent->next == nullptr);  // appended to the same segment
  tcp_output(pair.pcb);
  pair.run(10);
  CHECK(pair.peer.body == Bytes(body().begin(), body().begin() + 70));
}

TEST_CASE("a message that can't be a segment of its own now changes nothing") {
  Pair pair(3002);
  lengths = {50, 100, 0, 100};
  const auto refused = [&] {
    const Holdings before(*pair.pcb);
    const err_t result = write(pair);
    CHECK(before == Holdings(*pair.pcb));
    return result;
  };
  for (const int left : {0, 1}) {  // of the two that it takes
    const Scarcity scarcity(MEMP_PBUF, left);
    CHECK(refused() == ERR_MEM);
  }
  {
    const Scarcity scarcity(MEMP_TCP_SEG, 0);
    CHECK(refused() == ERR_MEM);
  }
  std::vector<void*> blocks;
  for (const std::size_t bytes : {1, 600, 1600, 65'000}) {
    while (void* block = netstack::heap::allocate(bytes)) blocks.push_back(block);
  }
  CHECK(refused() == ERR_MEM);
  for (void* block : blocks) netstack::heap::free(block);

  lengths = {50, 60'000, 60'000, 0};  // more than any segment
  CHECK(refused() == ERR_MEM);
  lengths = {0, 0, 0, 0};
  CHECK(refused() == ERR_MEM);
  lengths = {50, 100, 0, 100};
  const auto room = pair.pcb->snd_buf;
  pair.pcb->snd_buf = 249;
  CHECK(refused() == ERR_MEM);
  pair.pcb->snd_buf = room;
  REQUIRE(tcp_write(pair.pcb, body().data(), 10, 0) == ERR_OK);
  CHECK(refused() == ERR_MEM);  // something is unsent
  tcp_output(pair.pcb);
  pair.run(10);
  CHECK(write(pair) == ERR_OK);
  tcp_output(pair.pcb);
  pair.run(10);
  CHECK(pair.peer.body.size() == 260);
  REQUIRE(tcp_shutdown(pair.pcb, 0, 1) == ERR_OK);
  CHECK(refused() == ERR_CONN);
}

TEST_CASE("no connection queues more than its share in pieces") {
  Pair pair(3003);
  lengths = {10, 10, 10, 10};
  pair.network.to_machine.loss = 1;
  std::size_t written = 0;
  for (; written < 1000 && write(pair) == ERR_OK; ++written) tcp_output(pair.pcb);
  CHECK(pair.pcb->snd_queuelen == 4 * written);
  CHECK(pair.pcb->snd_queuelen <= mote_tcp_queue_limit());
  CHECK(pair.pcb->snd_queuelen + 4 > mote_tcp_queue_limit());
}

TEST_CASE("answers in pieces arrive complete, whatever the line loses") {
  std::uint16_t port = 3010;
  for (const Lengths shape : {Lengths{60, 100, 0, 700}, Lengths{60, 0, 4000, 9000},
                              Lengths{0, 3, 1, 2}, Lengths{300, 20'000, 1, 30'000}}) {
    lengths = shape;
    for (const double loss : {0.0, 0.03, 0.1}) {
      Pair pair(++port);
      pair.network.to_machine.loss = pair.network.to_peer.loss = loss;
      for (std::size_t asked = 1; asked <= 20; ++asked) {
        pair.peer.send(Bytes(asked % 4 == 0 ? 2 : 1));
        const std::size_t due = (asked + asked / 4) * answer_bytes();
        for (int i = 0; i < 60'000 && pair.peer.body.size() < due; ++i) pair.run(1);
        REQUIRE(pair.peer.body.size() == due);
      }
      for (std::size_t at = 0; at < pair.peer.body.size(); at += answer_bytes()) {
        const auto got = std::span(pair.peer.body).subspan(at, answer_bytes());
        REQUIRE(std::equal(got.begin(), got.end(), body().begin()));
      }
    }
  }
}
