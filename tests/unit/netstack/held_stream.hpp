// A service of the machine under test on which the test decides what is sent: it reads everything,
// says nothing by itself, and closes when its client does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "netstack/stream.hpp"
#include "tests/unit/netstack/tcp_peer.hpp"

namespace mote::world {

class HeldStream {
 public:
  [[nodiscard]] netstack::TcpStream& stream() { return stream_; }
  [[nodiscard]] bool is_open() const { return is_open_; }
  [[nodiscard]] int retries() const { return retries_; }

  // Writes bytes that stay where they are, and sends them.
  void send(const std::uint8_t* data, std::size_t bytes);

  // Ends the service's side: everything written, then a FIN; or a reset.
  void release();
  void abort();

  // What it does on each retry, which is asked for.
  void (*at_retry)(HeldStream& self) = nullptr;
  void retry_later(bool wanted) { stream_.retry_later<HeldStream>(wanted); }

  // A service that leaves what arrives in the window.
  bool reads = true;

  void begin(netstack::TcpStream stream);
  void on_arrived(netstack::Arrived data);
  void on_peer_closed() { release(); }
  void on_acknowledged(std::uint32_t) {}
  void on_retry();
  void on_lost() { is_open_ = false; }

 private:
  netstack::TcpStream stream_;
  bool is_open_ = false;
  int retries_ = 0;
};

inline constexpr std::uint16_t kHeldService = 1082;

// The machine with the service. Call it before a peer connects.
Machine& hold_streams();

// The stream of the connection made last. It stays here after its end.
HeldStream& last_held();

[[nodiscard]] inline Piece piece_at(const std::uint8_t* data, std::size_t bytes) {
  return piece_of({reinterpret_cast<const char*>(data), bytes});
}

}  // namespace mote::world
