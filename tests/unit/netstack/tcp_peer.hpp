// The far end of TCP connections in tests: a client with its own TCP, and a network that loses,
// delays and reorders. It behaves like Linux without selective acknowledgements: it keeps segments
// that are out of order and acknowledges them at once; of those in order, every second one at once,
// the others after 40 ms.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <random>

#include "tests/unit/netstack/world.hpp"

struct tcp_pcb;

namespace mote::world {

class TcpPeer {
 public:
  explicit TcpPeer(std::uint16_t port, std::uint32_t sequence = 1000)
      : port_(port), next_(sequence), unacknowledged_(sequence) {}

  void connect();                    // sends a SYN until it is answered
  void send(const Bytes& request);   // sends one segment until it is acknowledged
  void close();                      // sends a FIN
  void reset();                      // sends a RST
  void receive(const Bytes& frame);  // handles a frame from the machine, ignoring those for others
  void tick(Nanoseconds now);

  // A segment of any kind, as this peer would send it.
  [[nodiscard]] Bytes segment(std::uint8_t flags, std::uint32_t sequence,
                              std::uint32_t acknowledgement, const Bytes& payload = {}) const;

  // An ACK with an MSS option, which only a SYN may have.
  [[nodiscard]] Bytes segment_with_size(std::uint16_t bytes) const;

  [[nodiscard]] std::uint32_t sequence() const { return next_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }

  bool established = false;
  bool was_reset = false;
  std::uint32_t reset_at = 0;  // its sequence number
  bool full = false;           // takes no data, as its acknowledgements say
  bool finished = false;       // a FIN has come, and everything before it
  Bytes body;                  // received in order
  std::deque<Bytes> outgoing;  // frames for the network
  std::uint32_t expected = 0;  // next sequence number from the machine
  std::uint32_t their_isn = 0;
  std::uint64_t received = 0;     // bytes of payload, duplicates included
  std::size_t longest = 0;        // payload of the longest segment
  std::int32_t most_beyond = 0;   // most bytes received beyond the expected ones
  std::uint16_t window = 60'000;  // offered, unscaled
  std::uint8_t scale = 4;
  std::uint16_t mss = 1460;    // the longest segment it accepts
  bool permits_sack = false;   // says so, but sends none
  std::uint16_t service = 80;  // the machine's port

  static constexpr std::uint8_t kFin = 1, kSyn = 2, kRst = 4, kPush = 8, kAck = 16;

 private:
  [[nodiscard]] Bytes segment_with(std::uint8_t flags, std::uint32_t sequence,
                                   std::uint32_t acknowledgement, const Bytes& options,
                                   const Bytes& payload) const;
  void accept_data(std::uint32_t sequence, Bytes data, bool fin);
  void acknowledge();
  void resend();

  std::uint16_t port_;
  std::uint32_t next_;
  std::uint32_t unacknowledged_;
  Bytes request_;
  bool syn_sent_ = false;
  Nanoseconds resend_at_{};
  Nanoseconds acknowledge_at_{};
  int unacknowledged_segments_ = 0;
  Nanoseconds now_{};
  struct Piece {
    Bytes data;
    bool fin;
  };
  std::map<std::uint32_t, Piece> early_;  // by offset from their_isn
};

// Frames in transit in one direction.
class Line {
 public:
  double loss = 0;
  double reorder = 0;  // share of frames delayed by another 2 ms
  Nanoseconds latency = milliseconds(1);
  std::function<bool(const Bytes&)> carries;  // if set: whether it carries this frame

  void push(Bytes frame, Nanoseconds now);
  // The next frame that has arrived by `now`, or an empty one.
  Bytes pop(Nanoseconds now);
  std::uint64_t lost = 0;

 private:
  std::multimap<std::uint64_t, Bytes> frames_;
  std::mt19937 random_{99};
};

struct Network {
  Line to_machine;
  Line to_peer;
};

// The machine's connection with one of the peer's ports, or null.
struct tcp_pcb* connection_with(std::uint16_t port);

// Advances the whole world by one millisecond.
void step(Machine& machine, Network& network, std::span<TcpPeer*> peers);

}  // namespace mote::world
