// Scripts of segments, in the manner of packetdrill: what a client sends, and what the machine must
// send, line by line, through the whole stack in virtual time.
//
//   write 30000                    the server writes this many bytes
//   close, release, abort          it ends its side; or everything
//   +0.080 < A ack 1461 win 60000 sack 2921:4381 5841:7301
//                                  this long after the line before, the client sends a segment
//   +0 > 1:1461 PA resent          this long after, the machine sends one; "P": with PSH, "-P":
//                                  without; "resent": all of it was sent before, else none
//   +0 < 101:102 A ack 1 forged    somebody else sends it, in the client's name
//   +0 < 1:100 A ce                its datagram is marked: "ce", "ect0", "ect1"
//   +0 > 1:1461 CE ect0            with ECN, a line names ECE and CWR, and ECT(0)
//   +0.2~0.3 > 1:1461              the same, within bounds
//   within 0.1 > 1:14601           whole segments in order, as many as it takes, by then
//   within 0.1 sends 2..4          so many segments with data; "bursts 3": at most so many at once
//   nothing for 0.5                the machine sends nothing
//   nothing until 3.0              likewise, since the connection began
//   auto 0.080 until 100001        the client acknowledges every second segment after this time,
//                                  until the machine has had an ACK of that number; "for 2": or so
//                                  long
//   flight 8..10                   so many whole segments are sent and not acknowledged now
//   rebase                         numbers count from the first unacknowledged byte, which is 1
//   skip                           whatever the machine has sent is taken as read
//   icmp 1400                      a router says that the last segment was longer than it can pass
//   lost, open                     the server's stream is gone; or isn't
//   # words                        a comment
//
// "This long after" counts from the line before, but "within" doesn't count as one.
//
// Numbers are relative to the initial sequence numbers: the machine's first byte is 1, as is the
// client's. Segments of the machine that no line awaits fail the script.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/netstack/held_stream.hpp"
#include "tests/unit/netstack/sender/segment.hpp"
#include "tests/unit/netstack/world.hpp"

namespace mote::world {

inline constexpr std::uint32_t kClientIsn = 5000;

// The client and its line.
struct ScriptClient {
  std::uint16_t mss = 1460;
  int scale = 7;  // below 0: none
  bool sack = true;
  bool timestamps = false;
  unsigned ecn = 0;                  // flags of its SYN
  bool changes_mind = false;         // its SYN is sent again, without ECN (RFC 3168, 6.1.1.1)
  std::uint32_t window = 1'000'000;  // bytes; at most 65,535 without scaling
  double rtt = 0.080;                // of the handshake, in seconds
  bool bbr = false;                  // the machine's congestion control, else CUBIC
};

class Script {
 public:
  // Connects.
  explicit Script(const ScriptClient& client = {});
  // Ends the connection by a reset.
  ~Script();
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;

  // Runs these lines. A test fails at the first line that isn't so, and tells all that happened.
  void play(std::string_view lines);

  // The segments that the machine has sent so far, for what lines can't say.
  struct Sent {
    Nanoseconds at;
    Segment segment;
    bool is_resent = false;
  };
  [[nodiscard]] const std::vector<Sent>& sent() const { return sent_; }
  // How many of them had been sent before; whether one was that begins at this number.
  [[nodiscard]] std::size_t resent() const;
  [[nodiscard]] bool has_resent(std::uint32_t number) const;
  [[nodiscard]] HeldStream& service() { return *service_; }
  [[nodiscard]] bool machine_offers_ecn() const { return machine_offers_ecn_; }

 private:
  class Line;
  void play_line(std::string_view text);
  void command(Line& line, std::string_view word);
  void timed(Line& line, std::string_view delay);
  void within(Line& line);
  void automatic(Line& line);
  void send(Line& line);
  void expect(Line& line, Nanoseconds earliest, Nanoseconds latest);
  void expect_flags(const Segment& segment, std::string_view flags, std::string_view ecn) const;
  void expect_run(Range range, Nanoseconds by);
  void expect_count(Line& line, Nanoseconds by);
  void expect_nothing(Nanoseconds until);
  void check_all_taken() const;
  void tell_too_big(std::uint16_t mtu);
  void write(std::size_t bytes);

  void connect();
  // Advances virtual time, a step at a time; or until a segment comes that no line has awaited.
  void pass_until(Nanoseconds time, bool until_sent = false);
  void take_wire();
  void check_ecn(const Sent& sent) const;
  void deliver(Segment segment);
  void acknowledge(std::uint32_t number);
  [[noreturn]] void fail(const std::string& why) const;
  void note(const std::string& event);
  [[nodiscard]] std::string describe(const Segment& segment) const;

  ScriptClient client_;
  Machine& machine_;
  HeldStream* service_ = nullptr;
  std::uint16_t port_;
  std::uint32_t our_next_;          // the client's next sequence number
  std::uint32_t base_ = 0;          // of the machine's numbers: what counts as 0
  std::uint32_t highest_ = 0;       // the end of what the machine has sent
  std::uint32_t acknowledged_ = 0;  // by the client
  std::uint32_t window_;            // bytes
  std::size_t written_ = 0;
  Nanoseconds began_{};
  Nanoseconds last_{};  // when the line before was done
  Bytes last_frame_;    // the longest of the last ones
  bool machine_offers_ecn_ = false;
  std::vector<Sent> sent_;
  std::size_t taken_ = 0;  // of them, by lines
  std::string log_;
  std::string line_;
};

}  // namespace mote::world
