// Ends of connections: FIN, RST, and what is still on its way.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/unit/netstack/sender/packet_script.hpp"

using namespace mote::world;

TEST_CASE("RFC 9293, 3.10.4: a FIN after all data takes a number, and is acknowledged") {
  Script script;
  script.play(R"(
    write 1000
    +0 > 1:1001 PA
    +0.080 < A ack 1001
    close
    +0 > 1001 FA
    +0.080 < A ack 1002
    +0.010 < FA ack 1002
    +0 > 1002 A
    nothing for 1
  )");
}

TEST_CASE("RFC 9293, 3.10.4: a FIN waits for the window, and for all before it") {
  Script script;
  script.play(R"(
    write 30000
    close
    within 0.005 > 1:14601
    +0.080 < A ack 14601
    within 0.070 > 14601:29201
    +0 > 29201:30001 FPA
    +0.080 < A ack 30002
    nothing for 1
  )");
}

TEST_CASE("RFC 9293, 3.8.1: a FIN alone that is lost is sent again") {
  Script script;
  script.play(R"(
    close
    +0 > 1 FA
    +0.280 > 1 FA resent
    +0.080 < A ack 2
    nothing for 1
  )");
}

TEST_CASE("RFC 9293, 3.8.1: a FIN that is lost with its data is sent again with it") {
  Script script;
  script.play(R"(
    write 30000
    close
    within 0.005 > 1:14601
    +0.080 < A ack 14601
    within 0.070 > 14601:29201
    +0 > 29201:30001 FPA
    +0.080 < A ack 29201
    +0.280 > 29201:30001 FPA resent
    +0.080 < A ack 30002
    nothing for 1
  )");
}

TEST_CASE("RFC 9293, 3.4: a FIN is acknowledged apart from the data before it") {
  Script script;
  script.play(R"(
    write 1000
    close
    +0 > 1:1001 PA
    +0 > 1001 FA
    +0.080 < A ack 1001
    +0.280 > 1001 FA resent
    +0.080 < A ack 1002
    nothing for 1
  )");
}

TEST_CASE("RFC 2018, 3: a FIN that is selectively acknowledged isn't resent") {
  Script script;
  script.play(R"(
    write 7300
    close
    within 0.005 > 1:7301
    +0 > 7301 FA
    +0.080 < A ack 1 sack 1461:7302
    +0 > 1:1461 resent
    +0.080 < A ack 7302
    nothing for 1
  )");
}

TEST_CASE("RFC 9293, 3.6: what is on its way arrives after the server has let go") {
  Script script;
  script.play(R"(
    write 30000
    release
    within 0.005 > 1:14601
    +0.080 < A ack 1 sack 1461:14601
    +0 > 1:1461 resent
    within 0.075 > 14601:23361
    +0.010 < A ack 14601
    within 0.020 > 23361:24821
    +0.080 < A ack 20441
    within 0.040 > 24821:29201
    +0~0.040 > 29201:30001 FPA
    +0.080 < A ack 24821
    +0.080 < A ack 29201
    +0.080 < A ack 30002
    +0.010 < FA ack 30002
    +0 > 30002 A
    nothing for 1
  )");
}

TEST_CASE("RFC 9293, 3.10.5: an abort is a reset at the next number") {
  Script script;
  script.play(R"(
    write 30000
    within 0.005 > 1:14601
    +0.010 < A ack 2921
    within 0.005 > 14601:20441
    nothing for 0.030
    abort
    skip
  )");
  const Script::Sent& last = script.sent().back();
  CHECK((last.segment.flags & kRst) != 0);
  std::uint32_t end = 0;
  for (const Script::Sent& sent : script.sent()) {
    if (!sent.segment.payload.empty()) end = sent.segment.end();
  }
  CHECK(last.segment.sequence == end);
}

TEST_CASE("RFC 5961, 3.2: a reset into a shut window is at the byte that the client awaits") {
  Script script;
  script.play(R"(
    +0.010 < A win 0
    write 1000
    +0.280 > A
    +0.080 < A
    abort
    +0 > 1 RA
    nothing for 1
  )");
}

TEST_CASE("RFC 9293, 3.5.3: a client's reset ends all at once") {
  Script script;
  script.play(R"(
    write 100000
    within 0.005 > 1:14601
    +0.080 < RA ack 1
    nothing for 3
    lost
  )");
}

TEST_CASE("RFC 9293, 3.6: a client that is done gets the rest, and the server's FIN") {
  Script script;
  script.play(R"(
    write 20000
    within 0.005 > 1:14601
    +0.080 < FA ack 14601
    within 0.070 > 14601:20001
    within 0.070 > 20001:20001
    +0.070 < A ack 20001
    +0.080 < A ack 20002
    nothing for 1
  )");
}

TEST_CASE("RFC 9293, 3.6: both sides may end at once") {
  Script script;
  script.play(R"(
    close
    +0 > 1 FA
    +0.010 < FA ack 1
    +0 > A
    +0.070 < A ack 2
    nothing for 1
  )");
}

TEST_CASE("RFC 9293, 3.10.7.8: in TIME-WAIT a FIN that comes again is acknowledged again") {
  Script script;
  script.play(R"(
    close
    +0 > 1 FA
    +0.080 < A ack 2
    +0.010 < FA ack 2
    +0 > 2 A
    nothing for 0.5
    +0.5 < 1 FA ack 2
    +0 > 2 A
    nothing for 1
  )");
}

TEST_CASE("RFC 9293, 3.9.1.2: PSH is at the end of each write, and nowhere else") {
  Script script;
  script.play(R"(
    write 4000
    +0 > 1:1461 -P
    +0 > 1461:2921 -P
    +0 > 2921:4001 PA
    write 2920
    +0 > 4001:5461 -P
    +0 > 5461:6921 PA
    +0.080 < A ack 6921
    nothing for 1
  )");
}

TEST_CASE("an aborted connection sends a reset with the number that is expected, and no data") {
  Script script;
  script.play(R"(
    +0.010 < 1:101 A ack 1
  )");
  static const std::uint8_t data[3000]{};
  REQUIRE(script.service().stream().write(piece_at(data, sizeof data),
                                          mote::netstack::TcpStream::Write::kReferenced));
  script.play(R"(
    abort
    +0 > 1:1 A ack 101
    +0 > 1:1 RA ack 101
    nothing for 1
  )");
}

// The peer answers every probe of its window, which has shrunk below what was sent.
TEST_CASE("a connection that was given up ends after a minute without progress") {
  Script script;
  script.play(R"(
    write 100000
    release
    within 0.005 > 1:14601
    +0.080 < A ack 1461 win 0
  )");
  const auto is_reset = [](const auto& sent) { return (sent.segment.flags & kRst) != 0; };
  int seconds = 0;
  while (seconds < 120 && std::ranges::none_of(script.sent(), is_reset)) {
    script.play("within 1 sends 0..2\n skip\n +0 < A ack 1461 win 0\n skip");
    ++seconds;
  }
  CHECK(seconds >= 60);
  CHECK(seconds <= 62);
  const auto reset = std::ranges::find_if(script.sent(), is_reset);
  REQUIRE(reset != script.sent().end());
  CHECK(reset->segment.sequence == script.sent().front().segment.sequence + 1461);
  script.play("nothing for 100");
}
