// Tails that are lost (TLP).
#include <doctest/doctest.h>

#include "tests/unit/netstack/sender/packet_script.hpp"

using namespace mote::world;

TEST_CASE("RFC 8985, 7.2: after two round trips of silence the last segment is sent again") {
  Script script;
  script.play(R"(
    write 14600
    within 0.005 > 1:14601
    +0.080 < A ack 10221
    +0.165 > 13141:14601 resent
    +0.080 < A ack 10221 sack 13141:14601
    +0 > 10221:11681 resent
    +0.080 < A ack 11681 sack 13141:14601
    +0 > 11681:13141 resent       # one by one: RFC 6937's conservative bound
    +0.080 < A ack 14601
    nothing for 1
  )");
}

TEST_CASE("RFC 8985, 7.3: a probe is a new segment if there is one") {
  Script script;
  script.play(R"(
    write 30000
    within 0.005 > 1:14601
    +0.165 > 14601:16061
    nothing for 0.050
    +0.001 < A ack 16061
    within 0.070 sends 10..10
  )");
}

TEST_CASE("RFC 8985, 7.2: the last segment alone is given a delayed ACK's time") {
  Script script;
  script.play(R"(
    write 1000
    +0 > 1:1001 PA
    nothing for 0.200
    +0.08 > 1:1001 resent
    +0.080 < A ack 1001
    nothing for 1
  )");
}

TEST_CASE("RFC 8985, 7.2: a lost tail of a short response is repaired in two round trips or so") {
  Script script;
  script.play(R"(
    write 14000
    within 0.005 > 1:14001
    +0.080 < A ack 11681
    +0.165 > 13141:14001 resent
    +0.080 < A ack 11681 sack 13141:14001
    +0 > 11681:13141 resent
    +0.080 < A ack 14001
    nothing for 1
  )");
}

TEST_CASE("RFC 8985, 7.2: there is one probe, then the retransmission timer") {
  Script script;
  script.play(R"(
    write 14600
    within 0.005 > 1:14601
    +0.165 > 13141:14601 resent
    +0.280 > 1:1461 resent        # the timer
    nothing for 0.200
  )");
}

TEST_CASE("RFC 8985, 7.4.1: whoever acknowledges a probe at last ends the episode") {
  Script script;
  script.play(R"(
    write 14600
    within 0.005 > 1:14601
    +0.080 < A ack 7301
    +0.165 > 13141:14601 resent
    +0.010 < A ack 14601
    +0.080 < A ack 14601 sack 13141:14601
    rebase
    write 4380
    within 0.030 > 1:4381
    +0.165 > 2921:4381 resent
    +0.010 < A ack 4381
    nothing for 1
  )");
}

TEST_CASE("RFC 8985, 7.1: no probe is sent while a loss is known") {
  Script script;
  script.play(R"(
    write 14600
    within 0.005 > 1:14601
    +0.080 < A ack 1 sack 1461:14601
    +0 > 1:1461 resent
    nothing for 0.200                     # no probe after two round trips
    +0.08 > 1:1461 resent
    +0.080 < A ack 14601
    nothing for 1
  )");
}

TEST_CASE("RFC 8985, 7.3: a probe is no longer than a segment") {
  Script script({.mss = 536});
  script.play(R"(
    write 5360
    within 0.005 > 1:5361
    +0.080 < A ack 2681
    +0.165 > 4825:5361 resent
    +0.010 < A ack 5361
    nothing for 1
  )");
}

TEST_CASE("RFC 8985, 7.2: the probe's time begins again with each ACK") {
  Script script;
  script.play(R"(
    write 14600
    within 0.005 > 1:14601
    +0.080 < A ack 2921
    +0.100 < A ack 5841
    +0.100 < A ack 8761
    nothing for 0.120
    +0.117 > 13141:14601 resent
    +0.010 < A ack 14601
    nothing for 1
  )");
}
