// Losses without SACK (NewReno).
#include <doctest/doctest.h>

#include "tests/unit/netstack/sender/packet_script.hpp"

using namespace mote::world;

TEST_CASE("RFC 5681, 3.2: three duplicate ACKs show a loss") {
  Script script({.sack = false});
  script.play(R"(
    write 14600
    within 0.005 > 1:14601
    +0.080 < A ack 1
    +0 < A ack 1
    nothing for 0.005
    +0 < A ack 1
    +0 > 1:1461 resent
    +0.080 < A ack 14601
    nothing for 1
  )");
}

TEST_CASE("RFC 3042, 2: the first two duplicate ACKs send a new segment each") {
  Script script({.sack = false});
  script.play(R"(
    write 100000
    within 0.005 > 1:14601
    +0.080 < A ack 1
    +0 > 14601:16061
    nothing for 0.002
    +0 < A ack 1
    +0 > 16061:17521
    nothing for 0.002
    +0 < A ack 1
    +0 > 1:1461 resent
  )");
}

TEST_CASE("RFC 6582, 3.2, step 3: a partial ACK shows the next hole") {
  Script script({.sack = false});
  script.play(R"(
    write 14600
    within 0.005 > 1:14601
    +0.080 < A ack 1
    +0 < A ack 1
    +0 < A ack 1
    +0 > 1:1461 resent
    +0.080 < A ack 4381
    +0 > 4381:5841 resent
    +0.080 < A ack 8761
    +0 > 8761:10221 resent
    +0.080 < A ack 14601
    nothing for 1
  )");
}

TEST_CASE("RFC 5681, 2: an ACK that changes the window is no duplicate") {
  Script script({.sack = false});
  script.play(R"(
    write 14600
    within 0.005 > 1:14601
    +0.080 < A ack 1 win 900096
    +0 < A ack 1 win 800000
    +0 < A ack 1 win 700032
    +0 < A ack 1 win 600064
    nothing for 0.100
    +0 < A ack 14601
    nothing for 1
  )");
}

TEST_CASE("RFC 5681, 2: a segment with data is no duplicate") {
  Script script({.sack = false});
  script.play(R"(
    write 14600
    within 0.005 > 1:14601
    +0.010 < 1:11 PA ack 1
    +0.001 < 11:21 PA ack 1
    +0 > 14601 A ack 21
    +0.001 < 21:31 PA ack 1
    +0.001 < 31:41 PA ack 1
    +0 > 14601 A ack 41
    nothing for 0.100
    +0 < A ack 14601
    nothing for 1
  )");
}

TEST_CASE("RFC 5681, 2: with nothing in flight there are no duplicates") {
  Script script({.sack = false});
  script.play(R"(
    write 1000
    +0 > 1:1001 PA
    +0.080 < A ack 1001
    +0 < A ack 1001
    +0 < A ack 1001
    +0 < A ack 1001
    +0 < A ack 1001
    nothing for 1
    write 1000
    +0 > 1001:2001 PA
    +0.080 < A ack 2001
    nothing for 1
  )");
}

TEST_CASE("RFC 6582, 4: duplicates of what a timeout resent begin no fast retransmission") {
  Script script({.sack = false});
  script.play(R"(
    write 7300
    within 0.005 > 1:7301
    +0.28 > 1:1461 resent
    +0.080 < A ack 7301
    +0 < A ack 7301
    +0 < A ack 7301
    +0 < A ack 7301
    nothing for 1
  )");
}

TEST_CASE("RFC 5681, 3.2: a hole once repaired by fast retransmission halves the window once") {
  Script script({.sack = false});
  script.play(R"(
    write 1000000
    within 0.005 > 1:14601
    +0.080 < A ack 1
    +0 > 14601:16061
    +0 < A ack 1
    +0 > 16061:17521
    +0 < A ack 1
    +0 > 1:1461 resent
    nothing for 0.010
    +0 < A ack 1
    +0.001 < A ack 1
    +0.001 < A ack 1
    +0 > 17521:18981
    +0.001 < A ack 1
    +0 > 18981:20441
    +0.001 < A ack 1
    +0.001 < A ack 1
    within 0.060 sends 2..2
    +0.080 < A ack 14601
    within 0.070 sends 2..2
    flight 7..7
  )");
}

TEST_CASE("RFC 6582, 3.2: without SACK a lost tail waits for the timer") {
  Script script({.sack = false});
  script.play(R"(
    write 14600
    within 0.005 > 1:14601
    +0.080 < A ack 11681
    nothing for 0.200
    +0.08 > 11681:13141 resent
    +0.080 < A ack 14601
    nothing for 1
  )");
}
