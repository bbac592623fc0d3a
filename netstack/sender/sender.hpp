// The sender of one connection: what to send, when, from its queue to the device.
//
// lwIP's state machine says what arrived (seam.cpp), the server what to send (netstack/stream.hpp).
// Recovery decides which bytes may go now; here they become frames. SND.UNA, SND.NXT and the window
// are kept in lwIP's PCB, where its state machine reads them, too.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "kernel/memory/arena.hpp"
#include "kernel/memory/piece.hpp"
#include "kernel/time/clock.hpp"
#include "netstack/plan.hpp"
#include "netstack/sender/departures.hpp"
#include "netstack/sender/frame.hpp"
#include "netstack/sender/path_probe.hpp"
#include "netstack/sender/queue.hpp"
#include "netstack/sender/recovery.hpp"
#include "netstack/sender/sequence.hpp"
#include "netstack/sender/waiting.hpp"

struct tcp_pcb;

namespace mote::netstack {

class Attachment;

class Sender : public Departure {
 public:
  explicit Sender(std::uint16_t mss) : path_(mss) {}

  // Takes the senders' memory, once, before any other call: one for each PCB. False: the arena has
  // too little.
  [[nodiscard]] static bool set_up(Arena& arena, const Plan& plan);

  // A new connection's: its handshake took `rtt` (zero: unknown). Null if there is none left.
  [[nodiscard]] static Sender* begin(struct tcp_pcb& pcb, Nanoseconds rtt, bool peer_sends_sack);
  // lwIP frees the connection's PCB.
  void end();

  // A segment arrived that TCP accepts. Takes its acknowledgement and window; returns the bytes of
  // data acknowledged by it.
  struct Arrival {
    std::uint32_t sequence;
    std::uint32_t acknowledgement;
    std::uint32_t window;  // scaled
    std::uint32_t text_bytes;
    bool has_ece;
    std::span<const SequenceRange> sacks;
  };
  std::uint32_t take(const Arrival& arrival, Nanoseconds now);

  // The short way of take, write_message, write_fin (if it is the last) and send, for a request
  // that acknowledges all that was sent, and a reply of one segment; takes the request's text, too.
  // False: it isn't that simple, and nothing changed.
  [[nodiscard]] bool reply(const Arrival& arrival, std::span<const Piece> pieces, std::size_t size,
                           bool is_last, Nanoseconds now);

  // Writing. Data leaves with the next `send`. A message's first piece is copied.
  [[nodiscard]] bool write_message(std::span<const Piece> pieces, std::size_t bytes);
  [[nodiscard]] bool write_reference(Piece piece);
  [[nodiscard]] bool write_copy(Piece piece);
  // A FIN follows on everything.
  void write_fin();
  // The owner has given the connection up. It ends once nothing was acknowledged for this long: a
  // peer with a shut window that answers probes would hold its memory for good.
  static constexpr Nanoseconds kGivenUpPatience = milliseconds(60'000);
  void abandon_later(Nanoseconds now) { ends_at_ = now + kGivenUpPatience; }
  [[nodiscard]] std::uint32_t room() const { return SendQueue::kMostBytes - queue_.bytes(); }
  [[nodiscard]] bool has_room(std::size_t blocks) const { return queue_.has_room(blocks); }
  [[nodiscard]] std::uint32_t unacknowledged() const { return queue_.bytes(); }

  // Sends what may go now, and sets the timer for what may go later. An ACK that is due goes with
  // it, or by itself.
  void send(Nanoseconds now);
  // The same at the end of the turn, if what arrived last was an ACK alone: the next may be there
  // already, and one segment for both costs less than two.
  void send_after_arrival(Nanoseconds now);

  // Segments made from now on have at most this payload.
  void narrow(std::uint32_t mss, Nanoseconds now);
  // A router's word: segments have at most this payload from now on, and longer ones in flight are
  // to be sent again.
  void shorten(std::uint32_t mss, Nanoseconds now);

  [[nodiscard]] std::uint32_t mss() const { return recovery_.mss(); }
  // The longest payload in use: the MSS, or a probe's of the path.
  [[nodiscard]] std::uint32_t longest() const { return path_.longest(); }
  [[nodiscard]] const Recovery& recovery() const { return recovery_; }

  // The timers of all senders that are due, in each turn; and when the next one is.
  static void run_timers(Nanoseconds now);
  // When the turn began. Senders measure everything by this clock.
  [[nodiscard]] static Nanoseconds turn_began();
  [[nodiscard]] static Nanoseconds next_timer();

  // Segments sent again, of all connections.
  [[nodiscard]] static std::uint64_t resent();
  // Senders in use.
  [[nodiscard]] static std::size_t count();

 private:
  friend class Waiting;
  enum class Sent : std::uint8_t { kYes, kNoRoom };

  void write_new_headers(Block& block, const EthernetHeader& station, std::uint32_t bytes) const;
  // With something in flight or a shut window, patience ends in time.
  [[gnu::always_inline]] void set_timer() {
    const Nanoseconds due = recovery_.deadline();
    departures.set(*this, due == Recovery::kNever ? due : std::min(due, ends_at_));
  }
  void on_timer(Nanoseconds now);
  void note_timeout(Nanoseconds now);
  void probe_path(NextSegment& segment, Nanoseconds now);
  [[nodiscard]] bool has_cwr(const NextSegment& segment) const;
  [[nodiscard]] std::uint16_t flags_for(const NextSegment& segment, std::uint32_t bytes) const;
  void note_path(Sequence acknowledged, std::uint32_t bytes, Nanoseconds now);
  [[nodiscard]] SendLimits limits() const;
  [[nodiscard]] SegmentFields fields_for(const NextSegment& segment, std::uint32_t bytes) const;
  [[nodiscard]] Sent transmit(NextSegment& segment);
  void read(NextSegment& segment, std::uint32_t most, SendQueue::Part& part);
  [[nodiscard]] Sent give_to_device(const EthernetHeader& station, const SegmentFields& fields,
                                    const SendQueue::Part& part, bool is_new);
  [[nodiscard]] bool give_to_lwip(const SegmentFields& fields, const SendQueue::Part& part);
  [[nodiscard]] bool acknowledge();
  void note_acknowledged();

  static Departures departures;  // the timers of all

  struct tcp_pcb* pcb_ = nullptr;
  Attachment* attachment_ = nullptr;  // the connection stays with its interface
  SendQueue queue_;
  Recovery recovery_;
  Sender* wait_next_ = nullptr;
  Sender* wait_previous_ = nullptr;
  Waiting* waits_in_ = nullptr;
  PathProbe path_;
  SequenceRange probe_;  // while one is in flight
  Nanoseconds ends_at_ = Recovery::kNever;
  bool has_fin_ = false;
  bool is_ack_alone_ = false;  // the segment that is being taken has no text
};

}  // namespace mote::netstack
