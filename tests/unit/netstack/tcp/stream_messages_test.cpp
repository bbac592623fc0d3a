// Messages in pieces over the real stack: each is written completely or not at all.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <span>

#include "tests/unit/netstack/held_stream.hpp"
#include "tests/unit/netstack/tcp_server.hpp"

using namespace mote;
using namespace mote::world;
using netstack::TcpStream;

namespace {

// Runs before the machine is made, which needs a device that cuts.
const bool prepared = [] {
  machine_segmentation = Segmentation::kWholeLength;
  return true;
}();

// A peer of the service.
struct Pair {
  explicit Pair(std::uint16_t port) : peer(port) {
    REQUIRE(prepared);
    hold_streams();
    peer.service = kHeldService;
    peer.connect();
    run(peer, network, 300);
    REQUIRE(peer.established);
    service = &last_held();
  }
  ~Pair() {
    service->abort();
    settle(machine());
    machine().device.wire.clear();
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  TcpPeer peer;
  Network network;
  HeldStream* service = nullptr;
};

// The bytes of the body in each piece of a message.
using Lengths = std::array<std::uint32_t, 4>;

std::size_t sum(const Lengths& lengths) {
  std::size_t bytes = 0;
  for (const std::uint32_t length : lengths) bytes += length;
  return bytes;
}

// Writes the beginning of the body as a message, or else as one piece.
void answer(TcpStream& stream, const Lengths& lengths) {
  std::array<Piece, 4> pieces{};
  const std::uint8_t* from = body().data();
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    pieces[i] = piece_at(from, lengths[i]);
    from += lengths[i];
  }
  if (!stream.write_message(pieces, sum(lengths))) {
    REQUIRE(stream.write(piece_at(body().data(), sum(lengths)), TcpStream::Write::kReferenced));
  }
  stream.flush();
}

}  // namespace

TEST_CASE("a message in pieces is one segment whose first piece is a copy") {
  Pair pair(3000);
  Bytes head{1, 2, 3, 4, 5};
  const std::array pieces = {piece_at(head.data(), 5), piece_at(body().data(), 100), Piece{},
                             piece_at(body().data() + 100, 900)};
  REQUIRE(pair.service->stream().write_message(pieces, 1005));
  std::ranges::fill(head, 0);
  pair.service->stream().flush();
  settle(machine());
  REQUIRE(machine().device.wire.size() == 1);
  const auto& tcp =
      *reinterpret_cast<const netstack::TcpHeader*>(machine().device.wire[0].data() + 34);
  CHECK((tcp.offset_and_flags & TcpPeer::kPush) != 0);
  run(pair.peer, pair.network, 60);
  Bytes expected{1, 2, 3, 4, 5};
  expected.insert(expected.end(), body().begin(), body().begin() + 1000);
  CHECK(pair.peer.body == expected);
  CHECK(pair.service->stream().in_flight() == 0);
}

TEST_CASE("a message longer than there is room changes nothing") {
  Pair pair(3001);
  TcpStream& stream = pair.service->stream();
  const std::uint32_t room = stream.room();
  const TcpStream::Position end = stream.end();
  const std::array pieces = {piece_at(body().data(), 50), piece_at(body().data() + 50, room)};
  CHECK_FALSE(stream.write_message(pieces, room + 50));
  CHECK(stream.room() == room);
  CHECK(stream.end() == end);
  CHECK(stream.in_flight() == 0);
  stream.flush();
  settle(machine());
  CHECK(machine().device.wire.empty());
}

TEST_CASE("answers in pieces arrive complete, whatever the line loses") {
  std::uint16_t port = 3010;
  for (const Lengths shape : {Lengths{60, 100, 0, 700}, Lengths{60, 0, 4000, 9000},
                              Lengths{0, 3, 1, 2}, Lengths{300, 20'000, 1, 30'000}}) {
    for (const double loss : {0.0, 0.03, 0.1}) {
      Pair pair(++port);
      Bytes& got = pair.peer.body;
      pair.network.to_machine.loss = pair.network.to_peer.loss = loss;
      std::size_t due = 0;
      for (std::size_t asked = 1; asked <= 20; ++asked) {
        for (std::size_t i = 0; i < (asked % 4 == 0 ? 2 : 1); ++i, due += sum(shape)) {
          answer(pair.service->stream(), shape);
        }
        for (int i = 0; i < 60'000 && got.size() < due; ++i) run(pair.peer, pair.network, 1);
        REQUIRE(got.size() == due);
      }
      for (std::size_t at = 0; at < got.size(); at += sum(shape)) {
        const auto one = std::span(got).subspan(at, sum(shape));
        REQUIRE(std::equal(one.begin(), one.end(), body().begin()));
      }
    }
  }
}
