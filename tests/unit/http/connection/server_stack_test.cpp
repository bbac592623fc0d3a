// The HTTP server on the real stack, in virtual time: resources held by peers that acknowledge
// nothing.
#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/connection/connection.hpp"
#include "http/connection/server.hpp"
#include "http/limits.hpp"
#include "http/operations/access_log.hpp"
#include "http/reply/reply_tail.hpp"
#include "kernel/time/wall_clock.hpp"
#include "netstack/lwip/heap.hpp"
#include "netstack/stream.hpp"
#include "tests/unit/ample_arena.hpp"
#include "tests/unit/http/site.hpp"
#include "tests/unit/netstack/tcp_peer.hpp"

namespace mote {

std::optional<std::uint64_t> wall_clock::now() { return 784'111'777; }
void http::log_access(const netstack::PeerAddress&, std::string_view, std::string_view,
                      std::uint16_t, std::uint64_t) {}

}  // namespace mote

using namespace mote;
using namespace mote::world;

namespace {

// The machine with the listening server, made once.
world::Machine& http_machine() {
  static const bool is_started = [] {
    static http_world::PackFile file = http_world::pack_folder(http_world::example_site());
    machine();
    const auto pack = http::SitePack::open(file.bytes());
    REQUIRE(pack.has_value());
    REQUIRE(http::set_up(ample_arena(), machine_plan.http));
    REQUIRE(http::start(*pack, {}));
    prompt_server = netstack::kPromptServer<http::Connection>;
    return true;
  }();
  REQUIRE(is_started);
  return machine();
}

Bytes bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

std::string get(const std::string& target, const std::string& fields = {}) {
  return "GET " + target + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}

void wait(Network& network, std::uint32_t milliseconds) {
  for (; milliseconds > 0; --milliseconds) {
    step(http_machine(), network, {});
  }
}

// Peers that send these bytes, and then nothing more.
std::vector<TcpPeer> silent_peers(Network& network, std::uint16_t first, std::size_t count,
                                  const std::string& request) {
  std::vector<TcpPeer> peers;
  for (std::size_t at = 0; at < count; ++at) {
    TcpPeer& peer = peers.emplace_back(static_cast<std::uint16_t>(first + at));
    TcpPeer* one[] = {&peer};
    peer.connect();
    for (int turn = 0; turn < 10 && !peer.established; ++turn) {
      step(http_machine(), network, one);
    }
    REQUIRE(peer.established);
    http_machine().device.receive(
        peer.segment(TcpPeer::kAck, peer.sequence(), peer.expected, bytes_of(request)));
    settle(http_machine());
    http_machine().device.wire.clear();
  }
  return peers;
}

void reset_all(const std::vector<TcpPeer>& peers, std::size_t sent) {
  for (const TcpPeer& peer : peers) {
    http_machine().device.receive(
        peer.segment(TcpPeer::kRst, peer.sequence() + static_cast<std::uint32_t>(sent), 0));
    settle(http_machine());
  }
  http_machine().device.wire.clear();
}

// Everything that a peer which takes everything gets within this many milliseconds.
std::string answer_within(int milliseconds, Network& network, std::uint16_t port,
                          const std::string& request, std::string_view end) {
  TcpPeer peer(port);
  TcpPeer* peers[] = {&peer};
  peer.connect();
  bool is_sent = false;
  std::string body;
  for (int time = 0; time < milliseconds && !body.ends_with(end); ++time) {
    step(http_machine(), network, peers);
    if (peer.established && !is_sent) {
      is_sent = true;
      peer.send(bytes_of(request));
    }
    body.assign(peer.body.begin(), peer.body.end());
  }
  CHECK_FALSE(peer.was_reset);
  peer.reset();
  for (int time = 0; time < 10; ++time) {
    step(http_machine(), network, peers);
  }
  return body;
}

std::size_t text_blocks_used() { return netstack::heap::usage()[1].used; }

}  // namespace

TEST_CASE("peers that acknowledge nothing take no text from others") {
  world::Machine& m = http_machine();
  Network network;
  const std::string requests = get("/text") + get("/text") + get("/text");
  const auto silent = silent_peers(network, 20'000, 200, requests);
  CHECK(netstack::text_blocks_left() == 0);
  wait(network, limits::kHoldTimeMs);
  const std::string text(300, 'x');
  for (std::uint16_t count = 0; count < 20; ++count) {
    const std::string got = answer_within(1500, network, 40'000 + count, get("/text"), text);
    CHECK(got.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(got.ends_with(text));
  }
  CHECK(http::counters().gave_way > 0);
  CHECK(http::counters().gave_way <= silent.size());
  CHECK(http::counters().open == silent.size() - http::counters().gave_way);
  reset_all(silent, requests.size());
  CHECK(http::counters().open == 0);
  CHECK(text_blocks_used() == 0);
  CHECK(m.device.wire.empty());
}

TEST_CASE("peers that shut their window take no ranges from others") {
  Network network;
  const std::uint64_t before = http::counters().gave_way;
  const std::string ranges = get("/large.bin", "Range: bytes=0-199999,250000-299999\r\n");
  const auto silent = silent_peers(network, 24'000, limits::kReplyTails, ranges);
  CHECK(http::ReplyTail::in_use() == 0);  // the queue has all of each reply
  wait(network, limits::kHoldTimeMs);
  for (std::uint16_t count = 0; count < 3; ++count) {
    const std::string got = answer_within(10'000, network, 41'000 + count, ranges, "--\r\n");
    CHECK(got.starts_with("HTTP/1.1 206 Partial Content\r\n"));
    wait(network, limits::kHoldTimeMs);
  }
  CHECK(http::counters().gave_way == before);
  reset_all(silent, ranges.size());
  CHECK(http::counters().open == 0);
  CHECK(http::ReplyTail::in_use() == 0);
  CHECK(text_blocks_used() == 0);
}
