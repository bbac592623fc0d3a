// A client in a life: a TCP that may break the rules, and checks everything it is sent.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/unit/netstack/world.hpp"

namespace mote::fuzz {

class LifeClient {
 public:
  static constexpr unsigned kFin = 1, kSyn = 2, kRst = 4, kPush = 8, kAck = 16, kUrgent = 32;

  explicit LifeClient(std::uint16_t port, std::uint32_t address = world::kPeerAddress)
      : port_(port), address_(address) {}

  // A segment from this client. The size of `options` must be a multiple of four.
  struct Segment {
    unsigned flags = kAck;
    std::uint32_t sequence = 0;
    std::uint32_t acknowledgement = 0;
    std::uint16_t window = 0;
    std::string_view data = {};
    world::Bytes options = {};
  };
  [[nodiscard]] world::Bytes frame_of(const Segment& segment) const;

  // A router's message that a segment from the machine to this client is too long.
  [[nodiscard]] world::Bytes too_long(std::uint32_t sequence, std::uint16_t mtu) const;

  // Handles a frame from the machine; false if it isn't for this client. A lost frame is only
  // checked: a byte of the stream must be the same whenever it is sent again.
  bool receive(const world::Bytes& frame, bool is_lost);

  // The machine may have forgotten the connection, and begun it anew with the same numbers.
  void doubt_stream() { is_stream_doubted_ = true; }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string_view stream() const { return stream_; }  // as much as was sent

  std::uint32_t next = 0;      // next sequence number to send
  std::uint32_t expected = 0;  // next one from the machine
  std::uint32_t beyond = 0;    // the end of all that the machine has sent
  std::uint16_t window = 65'535;
  bool answered = false;  // a SYN-ACK has come
  bool reset = false;
  bool finished = false;  // a FIN has come, and everything before it
  std::string pending;    // parts of requests still to be sent

 private:
  void compare(std::uint32_t sequence, std::string_view data);

  std::uint16_t port_;
  std::uint32_t address_;
  std::uint32_t first_ = 0;  // the machine's first sequence number
  std::string stream_;
  std::string known_;  // for each byte of the stream, whether it was sent
  bool is_stream_doubted_ = false;
};

}  // namespace mote::fuzz
