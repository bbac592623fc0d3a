// Tests of streams on the real stack: what a server is told, and that lwIP hears of what it does.
#include "netstack/stream.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "lwip/tcp.h"
#include "tests/unit/netstack/tcp_peer.hpp"

using namespace mote;
using namespace mote::world;
using netstack::TcpStream;

namespace {

constexpr std::uint16_t kService = 90;

// A server with one connection, which does what the test says when something arrives.
struct Owner {
  TcpStream stream;
  std::vector<std::string> events;
  std::string arrived;
  void (*at_event)(Owner& owner) = nullptr;

  void on_arrived(netstack::Arrived data) {
    std::size_t bytes = data.piece().size();
    arrived += data.piece();
    for (netstack::Arrived rest = data; !rest.is_one_piece();) {
      rest = rest.behind_first();
      arrived += rest.piece();
      bytes += rest.piece().size();
    }
    CHECK(bytes == data.bytes());
    stream.open_window(data.bytes());
    note("arrived");
  }
  void on_peer_closed() { note("closed"); }
  void on_acknowledged(std::uint32_t bytes) { note("acknowledged " + std::to_string(bytes)); }
  void on_retry() { note("retry"); }
  void on_lost() { note("lost"); }

  void note(const std::string& event) {
    events.push_back(event);
    if (at_event != nullptr) at_event(*this);
  }
};
static_assert(netstack::StreamEvents<Owner>);

std::optional<Owner> owner;
bool refuses = false;

bool accept(TcpStream stream) {
  if (refuses) return false;
  owner.emplace().stream = stream;
  owner->stream.begin(*owner);
  return true;
}

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

// A peer of the server's, connected, and their network.
struct Scene {
  explicit Scene(std::uint16_t port) : peer(port) {
    machine();  // made first
    static const bool listens = netstack::listen<accept>(kService);
    REQUIRE(listens);
    owner.reset();
    peer.service = kService;
    peer.connect();
    pass(20);
  }
  ~Scene() {
    if (owner) owner->at_event = nullptr;
    peer.reset();
    pass(20);
  }
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  void pass(int milliseconds) {
    TcpPeer* peers[] = {&peer};
    for (int i = 0; i < milliseconds; ++i) step(machine(), network, peers);
  }

  TcpPeer peer;
  Network network;
};

const std::string kText(100, 'x');

}  // namespace

TEST_CASE("a stream tells who the peer is and what it sends, and lwIP's accounts are its own") {
  Scene scene(5000);
  REQUIRE(owner);
  TcpStream& stream = owner->stream;
  CHECK(std::ranges::equal(stream.peer().bytes(), std::array{10, 0, 0, 2}));
  CHECK(stream.interface() == 0);
  scene.peer.send(bytes_of("question"));
  scene.pass(5);
  CHECK(owner->arrived == "question");

  const std::uint32_t room = stream.room();
  const TcpStream::Position start = stream.end();
  CHECK(stream.in_flight() == 0);
  CHECK(stream.has_let_go(start));
  const std::array pieces = {piece_of("head"), piece_of(kText)};
  CHECK(stream.write_message(pieces, 104));
  CHECK(stream.write(piece_of("copied"), TcpStream::Write::kCopied));
  CHECK(stream.write_message(pieces, 104));
  CHECK(stream.in_flight() == 214);
  CHECK(stream.room() == room - 214);
  CHECK(stream.end() == start + 214);
  CHECK_FALSE(stream.has_let_go(stream.end()));
  stream.flush();
  scene.pass(200);
  CHECK(scene.peer.body == bytes_of("head" + kText + "copied" + "head" + kText));
  CHECK(stream.in_flight() == 0);
  CHECK(stream.has_let_go(stream.end()));
  std::uint32_t acknowledged = 0;
  for (const std::string& event : owner->events) {
    if (event.starts_with("acknowledged ")) acknowledged += std::stoul(event.substr(13));
  }
  CHECK(acknowledged == 214);

  stream.close();
  scene.pass(200);
  CHECK(scene.peer.finished);
  CHECK(stream.in_flight() == 0);  // a FIN isn't counted
  scene.peer.close();
  scene.pass(200);
  CHECK(owner->events.back() == "closed");
  stream.release();
  scene.pass(20);
  CHECK_FALSE(scene.peer.was_reset);
}

TEST_CASE("whenever a server resets its stream, no event follows, and lwIP doesn't trip over it") {
  for (const std::string_view when : {"arrived", "acknowledged 5", "closed"}) {
    CAPTURE(when);
    static std::string_view moment;
    moment = when;
    Scene scene(static_cast<std::uint16_t>(5100 + when.size()));
    REQUIRE(owner);
    owner->at_event = [](Owner& self) {
      if (self.events.back() == moment) {
        self.stream.abort();
      } else if (self.events.back() == "arrived") {
        CHECK(self.stream.write(piece_of("reply"), TcpStream::Write::kCopied));
      }
    };
    scene.peer.send(bytes_of("question"));
    scene.pass(200);
    scene.peer.close();
    scene.pass(2000);
    CHECK(owner->events.back() == when);
    CHECK(std::ranges::count(owner->events, when) == 1);
    CHECK(scene.peer.was_reset);
    CHECK(connection_with(scene.peer.port()) == nullptr);
  }
}

TEST_CASE("a peer whose window shrank to nothing is reset where it expects the next byte") {
  Scene scene(5150);
  REQUIRE(owner);
  owner->at_event = [](Owner& self) {
    CHECK(self.stream.write(piece_of("reply"), TcpStream::Write::kCopied));
    self.at_event = nullptr;
  };
  scene.peer.send(bytes_of("question"));  // the window is still open
  scene.peer.window = 0;
  scene.peer.full = true;
  scene.pass(3000);
  CHECK(scene.peer.received > 0);
  CHECK(owner->stream.in_flight() == 5);
  owner->stream.abort();
  scene.pass(20);
  CHECK(scene.peer.was_reset);
  CHECK(scene.peer.reset_at == scene.peer.expected);
}

TEST_CASE("lwIP is told by a callback's result that its connection was reset in it") {
  for (const bool resets : {false, true}) {
    CAPTURE(resets);
    Scene scene(resets ? 5150 : 5151);
    REQUIRE(owner);
    if (resets) owner->at_event = [](Owner& self) { self.stream.abort(); };
    struct tcp_pcb* const pcb = connection_with(scene.peer.port());
    REQUIRE(pcb != nullptr);
    const err_t expected = resets ? ERR_ABRT : ERR_OK;
    CHECK(pcb->recv(pcb->callback_arg, pcb, nullptr, ERR_OK) == expected);
  }
}

TEST_CASE("a server may reset another's stream in an event") {
  Scene scene(5200);
  REQUIRE(owner);
  static std::optional<Owner> other;
  other.emplace().stream = owner->stream;
  other->stream.begin(*other);
  Scene second(5201);  // whose owner is `owner` now
  REQUIRE(owner);
  owner->at_event = [](Owner& self) {
    if (self.events.back() == "arrived") {
      other->stream.abort();
      CHECK(self.stream.write(piece_of("reply"), TcpStream::Write::kCopied));
    }
  };
  second.peer.send(bytes_of("question"));
  second.pass(100);
  CHECK(std::string(second.peer.body.begin(), second.peer.body.end()) == "reply");
  CHECK(other->events.empty());
  CHECK(connection_with(scene.peer.port()) == nullptr);
}

TEST_CASE("who isn't accepted is reset, and a stream that the peer resets is lost") {
  refuses = true;
  {
    const Scene scene(5300);
    CHECK_FALSE(owner);
    CHECK(scene.peer.was_reset);
  }
  refuses = false;
  Scene scene(5301);
  REQUIRE(owner);
  scene.peer.reset();
  scene.pass(20);
  CHECK(owner->events == std::vector<std::string>{"lost"});
}

TEST_CASE("a retry comes again and again until it isn't asked for any more") {
  Scene scene(5400);
  REQUIRE(owner);
  owner->stream.retry_later<Owner>(true);
  scene.pass(1000);
  const auto count = std::ranges::count(owner->events, "retry");
  CHECK(count > 2);
  owner->stream.retry_later<Owner>(false);
  scene.pass(1000);
  CHECK(std::ranges::count(owner->events, "retry") == count);
}

TEST_CASE("a call for later comes once") {
  static int calls = 0;
  Scene scene(5500);
  netstack::call_later(50, [](void*) { ++calls; });
  scene.pass(40);
  CHECK(calls == 0);
  scene.pass(300);
  CHECK(calls == 1);
}

TEST_CASE("a port that isn't listened on any more resets who connects, and keeps who has") {
  Scene scene(5301);
  REQUIRE(scene.peer.established);
  TcpPeer half(5303);
  half.service = kService;
  half.connect();
  machine().device.receive(half.outgoing.front());  // its SYN; the answer is still on its way
  settle(machine());
  netstack::stop_listening(kService + 1);  // nobody does
  netstack::stop_listening(kService);
  TcpPeer late(5302);
  TcpPeer nowhere(5304);
  TcpPeer* peers[] = {&late, &nowhere, &scene.peer, &half};
  late.service = kService;
  late.connect();
  nowhere.service = 0;
  nowhere.connect();
  scene.peer.send(bytes_of("hello"));
  for (int i = 0; i < 20; ++i) step(machine(), scene.network, peers);
  CHECK(late.was_reset);
  CHECK(nowhere.was_reset);
  CHECK_FALSE(scene.peer.was_reset);
  CHECK(half.established);
  half.send(bytes_of("half"));
  for (int i = 0; i < 20; ++i) step(machine(), scene.network, peers);
  CHECK_FALSE(half.was_reset);
  CHECK(owner->arrived == "half");
}
