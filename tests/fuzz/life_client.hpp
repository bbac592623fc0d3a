// A client in a life: a TCP with or without manners, that looks at all it is sent.
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

  // A segment of this client's. `options` are whole words.
  struct Segment {
    unsigned flags = kAck;
    std::uint32_t sequence = 0;
    std::uint32_t acknowledgement = 0;
    std::uint16_t window = 0;
    std::string_view data = {};
    world::Bytes options = {};
  };
  [[nodiscard]] world::Bytes frame_of(const Segment& segment) const;

  // What a router says of a segment that the machine sent to this client, and which is too long.
  [[nodiscard]] world::Bytes too_long(std::uint32_t sequence, std::uint16_t mtu) const;

  // Takes one of the machine's frames, if it is for this client. A lost one is only looked at:
  // what was sent of the stream once must be the same whenever it is sent again.
  bool receive(const world::Bytes& frame, bool is_lost);

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string_view stream() const { return stream_; }  // as far as it was sent

  std::uint32_t next = 0;      // sequence number of what it sends next
  std::uint32_t expected = 0;  // from the machine
  std::uint32_t beyond = 0;    // behind all that the machine has sent
  std::uint16_t window = 65'535;
  bool answered = false;  // there was a SYN-ACK
  bool reset = false;
  bool finished = false;  // a FIN came, and all before it
  std::string pending;    // requests, as far as they aren't sent yet

 private:
  void compare(std::uint32_t sequence, std::string_view data);

  std::uint16_t port_;
  std::uint32_t address_;
  std::uint32_t first_ = 0;  // of the machine's stream
  std::string stream_;
  std::string known_;  // of each byte of the stream, whether it was sent
};

}  // namespace mote::fuzz
