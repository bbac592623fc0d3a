// The retransmission timer, and timeouts that were needless.
#include <doctest/doctest.h>

#include "tests/unit/netstack/sender/packet_script.hpp"

using namespace mote::world;

TEST_CASE("RFC 6298, 2.2: the first timeout follows from the handshake's round trip") {
  Script script({.sack = false});
  script.play(R"(
    write 1000
    +0 > 1:1001 PA
    +0.28 > 1:1001 resent        # 80 ms, and at least 200 ms on top
    +0.080 < A ack 1001
    nothing for 1
  )");
}

TEST_CASE("RFC 6298, 2: a longer round trip has a longer timeout") {
  Script script({.sack = false, .rtt = 0.600});
  script.play(R"(
    write 1000
    +0 > 1:1001 PA
    nothing for 0.800
    +1 > 1:1001 resent            # 600 + 4 * 300 ms
    +0.600 < A ack 1001
    nothing for 2
  )");
}

TEST_CASE("RFC 6298, 5.5: each timeout doubles the next") {
  Script script({.sack = false});
  script.play(R"(
    write 500
    +0 > 1:501 PA
    +0.28 > 1:501 resent
    +0.56 > 1:501 resent
    +1.12 > 1:501 resent
    +2.24 > 1:501 resent
    +4.480 > 1:501 resent
    +0.080 < A ack 501
    nothing for 10
  )");
}

TEST_CASE("RFC 9293, 3.8.3: who answers nothing is given up after minutes") {
  Script script({.sack = false});
  script.play(R"(
    write 500
    +0 > 1:501 PA
    nothing for 0.2
    within 100 sends 8..8
    open
    within 2000 sends 7..7
    lost
  )");
}

TEST_CASE("RFC 6298, 3: an ACK of what was resent measures nothing (Karn)") {
  Script script({.sack = false});
  script.play(R"(
    write 1000
    +0 > 1:1001 PA
    +0.28 > 1:1001 resent
    +0.56 > 1:1001 resent
    +0.900 < A ack 1001                 # 1.6 seconds after the first
    rebase
    write 1000
    +0 > 1:1001 PA
    +0.280 > 1:1001 resent
    +0.080 < A ack 1001
    nothing for 1
  )");
}

TEST_CASE("RFC 6298, 5.3: the timer begins again with each ACK of new data") {
  Script script({.sack = false});
  script.play(R"(
    write 14600
    within 0.005 > 1:14601
    +0.200 < A ack 2921
    nothing for 0.200
    +0 < A ack 5841
    nothing for 0.200
    +0 < A ack 14601
    nothing for 2
  )");
}

TEST_CASE("RFC 6298, 5.2: when all is acknowledged, the timer is off") {
  Script script({.sack = false});
  script.play(R"(
    write 1000
    +0 > 1:1001 PA
    +0.080 < A ack 1001
    nothing for 100
  )");
}

TEST_CASE("RFC 5681, 3.1: after a timeout the window is one segment, and grows from there") {
  Script script({.sack = false});
  script.play(R"(
    write 14600
    within 0.005 > 1:14601
    +0.28 > 1:1461 resent
    nothing for 0.080
    +0 < A ack 1461
    within 0.070 > 1461:4381
    nothing for 0.070
    +0.010 < A ack 4381
    within 0.070 > 4381:10221
    +0.080 < A ack 10221
    within 0.070 > 10221:14601
    +0.080 < A ack 14601
    nothing for 1
  )");
}

TEST_CASE("RFC 6298, 5.4: what is acknowledged after a timeout isn't sent a third time") {
  Script script({.sack = false});
  script.play(R"(
    write 14600
    within 0.005 > 1:14601
    +0.28 > 1:1461 resent
    +0.080 < A ack 13141                # only the first and the last were lost
    +0 > 13141:14601 resent
    +0.080 < A ack 14601
    nothing for 1
  )");
}

TEST_CASE("RFC 5682, 2.1: a timeout that was needless resends one segment, and no more") {
  Script script({.sack = false});
  script.play(R"(
    write 1000000
    within 0.005 > 1:14601
    +0.28 > 1:1461 resent        # a delay of the whole flight
    +0.010 < A ack 2921
    within 0.010 > 14601:17521          # step 2b: two new ones
    +0.020 < A ack 5841                 # step 3b: the originals' ACKs come
    within 0.020 sends 2..2
    +0.020 < A ack 14601
    within 0.070 sends 12..12
    flight 16..16                       # RFC 4015: as before
  )");
  CHECK(script.resent() == 1);
}

TEST_CASE("RFC 5682, 2.1, step 2a: a duplicate ACK after the timeout shows a loss") {
  Script script({.sack = false});
  script.play(R"(
    write 1000000
    within 0.005 > 1:14601
    +0.28 > 1:1461 resent
    +0.080 < A ack 2921                 # the first is repaired, and the second had come
    within 0.070 sends 2..2
    +0.080 < A ack 2921
    within 0.500 sends 2..2
  )");
  CHECK(script.has_resent(2921));
}

TEST_CASE("RFC 5682, 3.1: the same with SACK") {
  Script script;
  script.play(R"(
    write 1000000
    within 0.005 > 1:14601
    +0.165 > 14601:16061          # the probe
    +0.280 > 1:1461 resent
    +0.010 < A ack 2921
    within 0.010 sends 3..3
    +0.020 < A ack 7301
    within 0.020 sends 6..6
    +0.020 < A ack 16061
    within 0.070 sends 12..12
    flight 21..21
  )");
  CHECK(script.resent() == 1);
}

TEST_CASE("RFC 9438, 4.8: timeout upon timeout is still one reduction, and recovery goes on") {
  Script script({.mss = 512, .sack = false});
  script.play(R"(
    write 5120
    within 0.005 > 1:5121
    +0.280 > 1:513 resent
    +0.56 > 1:513 resent
    +0.080 < A ack 513
    within 0.070 > 513:1537
    +0.080 < A ack 1537
    within 0.070 > 1537:3585
    +0.080 < A ack 5121
    nothing for 2
  )");
}
