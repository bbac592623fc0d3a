// A server on the machine under test.
#include "tests/unit/netstack/tcp_server.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "netstack/stream.hpp"

namespace mote::world {

using netstack::TcpStream;

namespace {

constexpr std::size_t kBodyBytes = 64 * 1024 * 1024;

// A server's connection, which ends itself: the machine has no other hold on it.
class Session {
 public:
  void begin(TcpStream stream) {
    stream_ = stream;
    stream_.begin(*this);
  }

  void on_arrived(netstack::Arrived data) {
    std::uint8_t size[4]{};
    std::ranges::copy(data.piece().substr(0, 4), size);
    is_kept_ = (size[0] & 0x80) != 0;
    wanted_ =
        static_cast<std::size_t>(size[0] & 0x7F) << 24 | size[1] << 16 | size[2] << 8 | size[3];
    stream_.open_window(data.bytes());
    write_more();
  }
  void on_peer_closed() { end(); }
  void on_acknowledged(std::uint32_t) {
    write_more();
    if (wanted_ != 0 && written_ == wanted_ && !is_kept_) end();
  }
  void on_retry() { write_more(); }
  void on_lost() { delete this; }

 private:
  // Writes as much as there is room for.
  void write_more() {
    const std::size_t bytes = std::min<std::size_t>(wanted_ - written_, stream_.room());
    if (bytes == 0) return;
    const auto* from = reinterpret_cast<const char*>(body().data()) + written_;
    const bool is_written = stream_.write(piece_of({from, bytes}), TcpStream::Write::kReferenced);
    if (is_written) written_ += bytes;
    stream_.retry_later<Session>(!is_written);
  }

  void end() {
    stream_.release();
    delete this;
  }

  TcpStream stream_;
  std::size_t wanted_ = 0;
  std::size_t written_ = 0;
  bool is_kept_ = false;
};

bool accept(TcpStream stream) {
  (new Session)->begin(stream);
  return true;
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
    REQUIRE(netstack::listen<accept>(80));
  }
  return m;
}

Bytes request_for(std::size_t bytes, bool is_kept) {
  return {static_cast<std::uint8_t>(bytes >> 24 | (is_kept ? 0x80 : 0)),
          static_cast<std::uint8_t>(bytes >> 16), static_cast<std::uint8_t>(bytes >> 8),
          static_cast<std::uint8_t>(bytes)};
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

bool run_until(TcpPeer& peer, Network& network, const std::function<bool()>& is_so) {
  constexpr int kMinute = 60'000;  // steps
  for (int i = 0; i < kMinute && !is_so(); ++i) run(peer, network, 1);
  return is_so();
}

}  // namespace mote::world
